"""The parameters of tasks, and which of them a task hides."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_jobs.errors import TaskNotFound
from django_jobs.suggest import unknown_name
from django_jobs.tasks.registry import find_task


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a task; empty for a task that cannot be found.

    Attributes:
        names: names of positional parameters.
        rest: the name after `*`, as in `*rest`, or None.
        keywords: names of parameters that may be given by keyword.
        takes_any: whether any keyword may be given, as with `**options`.
        hidden: paths that the task hides with `redact`.
    """

    names: tuple[str, ...] = ()
    rest: str | None = None
    keywords: frozenset[str] = frozenset()
    takes_any: bool = False
    hidden: tuple[str, ...] = ()

    def name_of(self, index: int) -> str | None:
        """Return the name of a positional argument, or None if unknown."""
        return self.names[index] if index < len(self.names) else self.rest

    def knows(self, keyword: str) -> bool:
        """Return whether the task takes a keyword argument of this name."""
        return self.takes_any or keyword in self.keywords


def argument_names(task: str, count: int) -> list[str]:
    """Return the names of this many positional arguments, "" for unknown ones."""
    parameters = parameters_of(task)
    return [parameters.name_of(index) or "" for index in range(count)]


def parameters_of(task: str) -> Parameters:
    """Return the parameters of a task, given by its dotted path."""
    try:
        found = find_task(task)
    except TaskNotFound:
        return Parameters()
    return _parameters(found.func, found.takes_context, tuple(getattr(found, "redact", ())))


def check_redact(name: str, func: Callable[..., Any], paths: Sequence[str]) -> None:
    """Refuse paths that do not begin with a parameter of a task's function.

    Raises:
        ImproperlyConfigured: the message has the reason.
    """
    parameters = inspect.signature(func).parameters
    for path in paths:
        if not isinstance(path, str) or not all(path.split(".")):
            raise ImproperlyConfigured(
                f"Task {name}: redact={path!r} must be the name of a parameter, or a path into it"
                " such as 'order.card'."
            )
        first = path.partition(".")[0]
        takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        if first not in parameters and not takes_any:
            raise ImproperlyConfigured(
                f"Task {name}: redact={path!r}: {unknown_name('parameter', first, parameters)}"
            )


@cache
def _parameters(
    func: Callable[..., Any], takes_context: bool, hidden: tuple[str, ...]
) -> Parameters:
    known = list(inspect.signature(func).parameters.values())[int(takes_context) :]
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return Parameters(
        names=tuple(one.name for one in known if one.kind in by_position),
        rest=next((one.name for one in known if one.kind is one.VAR_POSITIONAL), None),
        keywords=frozenset(one.name for one in known if one.kind in by_name),
        takes_any=any(one.kind is one.VAR_KEYWORD for one in known),
        hidden=hidden,
    )
