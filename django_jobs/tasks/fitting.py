"""Refuses calls that do not fit the parameters of their task, before a worker would."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from django_jobs.compat import AnyTask
from django_jobs.errors import WrongArguments
from django_jobs.tasks.calls import Arguments

Shape: TypeAlias = "int | tuple[Any, ...]"
"""How many positional arguments a call has, with the names of its keyword arguments if any.

Whether a call fits depends on nothing else, and most calls of a task have the same shape.
"""


def check_fits(task: AnyTask, calls: Sequence[Arguments]) -> None:
    """Refuse calls that the function of a task does not accept.

    Raises:
        WrongArguments: the message has the reason and the parameters, for the first such call.
    """
    for shape in {_shape(args, kwargs) for args, kwargs in calls}:
        if _misfit(task.func, task.takes_context, shape):
            where, reason = _first_misfit(task, calls)
            raise WrongArguments(
                f"{where}{task.module_path} does not take these arguments: {reason}"
            )


def _first_misfit(task: AnyTask, calls: Sequence[Arguments]) -> tuple[str, str]:
    reasons = (_misfit(task.func, task.takes_context, _shape(*call)) for call in calls)
    index, reason = next(found for found in enumerate(reasons) if found[1])
    return f"bulk_enqueue: item {index}: " if len(calls) > 1 else "", reason


def _shape(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Shape:
    return (len(args), *kwargs) if kwargs else len(args)


@lru_cache(maxsize=4096)
def _misfit(func: Callable[..., Any], has_context: bool, shape: Shape) -> str:
    """Return why a function does not accept calls of a shape, or "" if it does."""
    if hasattr(func, "__signature__"):  # given by hand, so it may not be what the function takes
        return ""
    signature = inspect.signature(func, follow_wrapped=False)
    count, *names = (shape,) if isinstance(shape, int) else shape
    try:
        signature.bind(*[None] * (has_context + count), **dict.fromkeys(names))
    except TypeError as error:
        known = list(signature.parameters)[int(has_context) :]
        return f"{error}. Its parameters: {', '.join(known) or 'none'}."
    return ""
