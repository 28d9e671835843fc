"""Refuses calls that do not fit the parameters of their task, before a worker would."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
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
    shapes: list[Shape] = [(len(args), *kwargs) if kwargs else len(args) for args, kwargs in calls]
    if reasons := {shape: reason for shape in set(shapes) if (reason := _misfit(task, shape))}:
        index = next(index for index, shape in enumerate(shapes) if shape in reasons)
        where = f"bulk_enqueue: item {index}: " if len(calls) > 1 else ""
        raise WrongArguments(
            f"{where}{task.module_path} does not take these arguments: {reasons[shapes[index]]}"
        )


def _misfit(task: AnyTask, shape: Shape) -> str:
    return _misfit_of(task.func, task.takes_context, shape)


@lru_cache(maxsize=4096)
def _misfit_of(func: Callable[..., Any], has_context: bool, shape: Shape) -> str:
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
