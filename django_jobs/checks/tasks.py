"""Checks of tasks and their retry policies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from django_jobs.backends import is_persistent, our_backends
from django_jobs.compat import InvalidTask
from django_jobs.errors import InvalidSchedule
from django_jobs.periodic_tasks.registry import registered_tasks
from django_jobs.tasks.registry import import_task_modules
from django_jobs.tasks.retry import Backoff

from .common import TAG, USE_REDIS, Configs


@register(TAG)
def check_declarations(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """E001: invalid declarations of tasks."""
    try:
        import_task_modules()
    except (InvalidSchedule, InvalidTask) as error:
        yield Error(str(error), id="django_jobs.E001")


@register(TAG)
def check_periodic_tasks(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W002: periodic tasks that never run."""
    with suppress(InvalidSchedule, InvalidTask):  # which is another check's to report
        import_task_modules()
    idle: dict[str, list[str]] = defaultdict(list)
    for periodic in registered_tasks():
        # The package's own periodic tasks, such as the recap's, have their own checks.
        ours = periodic.task.module_path.startswith("django_jobs.")
        if not ours and not is_persistent(periodic.task.backend):
            idle[periodic.task.backend].append(periodic.name)
    for alias, names in idle.items():
        yield Warning(
            f"Periodic tasks do not run on TASKS[{alias!r}], which is not persistent:"
            f" {', '.join(names)}.",
            hint=USE_REDIS,
            id="django_jobs.W002",
        )


@register(TAG)
def check_backoff(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """E002: the function in `BACKOFF` cannot be imported."""
    for backend in our_backends():
        wait = backend.retry.wait
        try:
            if isinstance(wait, Backoff):
                wait.load()
        except ImportError as error:
            yield Error(f"TASKS[{backend.alias!r}]['BACKOFF']: {error}", id="django_jobs.E002")
