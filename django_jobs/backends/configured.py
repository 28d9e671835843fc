"""The backends that `TASKS` configures: which of them are ours, and what they promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, task_backends

from .base import JobBackend


def our_backend(alias: str) -> JobBackend | None:
    """Return the backend of an alias in `TASKS`, or None if another package provides it.

    Raises:
        ImproperlyConfigured: the settings of the backend cannot be used.
    """
    backend = task_backends[alias]
    return backend if isinstance(backend, JobBackend) else None


def our_backends() -> Iterator[JobBackend]:
    """Yield the backends of django_jobs, in the order of `TASKS`.

    Raises:
        ImproperlyConfigured: the settings of a backend cannot be used.
    """
    for alias in task_backends:
        backend = our_backend(alias)
        if backend is not None:
            yield backend


def is_persistent(alias: str = DEFAULT_TASK_BACKEND_ALIAS) -> bool:
    """Return whether the jobs of a backend outlive the process; False for unknown backends."""
    return bool(getattr(task_backends[alias], "persistent", False))


def prepare_process() -> None:
    """Set up this process for our backends; a wrong setting is reported at its first use.

    Raises:
        ImproperlyConfigured: `TASKS` is no dictionary, such as a function that nobody called.
    """
    given = getattr(settings, "TASKS", {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(
            f"TASKS is a {type(given).__name__}, and not a dictionary. To read it from the"
            " environment, call the function: TASKS = tasks_from_env()."
        )
    for alias in task_backends:
        with suppress(ImproperlyConfigured):
            backend = our_backend(alias)
            if backend is not None:
                backend.prepare_process()
