"""The arguments of the calls of `bulk_enqueue`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeAlias

P = ParamSpec("P")

Arguments: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]
"""The positional and the keyword arguments of one call."""


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """The arguments of one call. `Task.arguments` makes one that type checkers can check."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def to_arguments(index: int, call: object) -> Arguments:
    """Return the arguments of one item of `bulk_enqueue`.

    Raises:
        TypeError: the item is of another type; the message has its index.
    """
    # isinstance() of an abstract class takes longer than the rest of this function.
    if isinstance(call, (list, tuple)):
        return call, {}
    if isinstance(call, Call):
        return call.args, call.kwargs
    if isinstance(call, Mapping):
        return (), call
    if isinstance(call, Sequence) and not isinstance(call, (str, bytes)):
        return call, {}
    raise TypeError(
        f"bulk_enqueue: item {index} is a {type(call).__name__}. Give a list or tuple of"
        " positional arguments, a dict of keyword arguments, or, for both, the result of the"
        " task's arguments()."
    )
