"""The calls of a `bulk_enqueue`: the arguments of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeAlias

P = ParamSpec("P")

Arguments: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]
"""The positional and the keyword arguments of one call."""


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """The arguments of one call; `Task.arguments` makes one that type checkers have checked."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def to_arguments(index: int, call: object) -> Arguments:
    """Return the arguments of an item that `bulk_enqueue` was given.

    Raises:
        TypeError: it is none of what may be given; the message has its index.
    """
    # Asking an abstract class takes longer than all else here.
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
        " positional arguments, a dict of keyword arguments, or what the task's arguments()"
        " returns, which has both."
    )
