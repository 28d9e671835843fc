"""The option `on_death`: a function that is called when a job will not be tried again."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured

from django_jobs.compat import Task as DjangoTask
from django_jobs.validation.validators import short_repr

DeathFunction: TypeAlias = Callable[[Any, Any], object]
"""Called with the result of a job and its last exception."""


def check_on_death(name: str, function: object) -> None:
    """Refuse an `on_death` that a worker could not call.

    Raises:
        ImproperlyConfigured: with what to give.
    """
    if function is None:
        return
    if isinstance(function, DjangoTask) or iscoroutinefunction(function) or not callable(function):
        raise ImproperlyConfigured(
            f"Task {name}: on_death={short_repr(function)}: give a plain function of the job's"
            " result and the exception. It may enqueue a task."
        )
