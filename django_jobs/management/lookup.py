"""The backend that an alias on the command line names."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from django_jobs.compat import BaseTaskBackend, task_backends
from django_jobs.suggest import unknown


def configured_backend(alias: str) -> BaseTaskBackend:
    """Return the backend of an alias in `TASKS`.

    Raises:
        CommandError: there is no such alias, or what it holds cannot be used.
    """
    aliases = list(task_backends)
    if alias not in aliases:
        raise CommandError(f"--backend: {unknown('alias of TASKS', alias, aliases)}")
    try:
        return task_backends[alias]
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
