"""Checks of the queues that tasks use."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Warning, register

from django_jobs.backends import JobBackend, our_backends
from django_jobs.compat import InvalidTask, Task
from django_jobs.errors import BrokerError, InvalidSchedule
from django_jobs.tasks.registry import import_task_modules

from .common import TAG, WITH_THREADS, Configs


@register(TAG, deploy=True)
def check_queues(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W015: tasks whose jobs nobody runs."""
    with suppress(InvalidSchedule, InvalidTask):  # which is another check's to report
        import_task_modules()
    for backend in our_backends():
        if isinstance(backend, WITH_THREADS):
            for queue, tasks in sorted(_unserved(backend).items()):
                yield Warning(
                    f"No worker of TASKS[{backend.alias!r}] serves the queue {queue!r}, which"
                    f" {', '.join(sorted(tasks))} uses.",
                    hint=f"Add {queue!r} to the option queues, or start a worker for it, too:"
                    f" manage.py runworker -q {queue}.",
                    id="django_jobs.W015",
                )


def _unserved(backend: JobBackend) -> Mapping[str, Collection[str]]:
    """Return the queues that tasks use and that no worker serves, with the names of the tasks."""
    served = backend.worker_options().queue_names
    unserved: dict[str, set[str]] = defaultdict(set)
    for task in _imported_tasks():
        if task.backend == backend.alias and served and task.queue_name not in served:
            unserved[task.queue_name].add(task.module_path)
    if unserved:
        for queue in _served_elsewhere(backend, unserved):
            del unserved[queue]
    return unserved


def _served_elsewhere(backend: JobBackend, queues: Collection[str]) -> list[str]:
    """Return the queues that a running worker serves, as it was told on its command line."""
    try:
        workers = backend.broker.inspection.workers()
    except BrokerError:  # which is another check's to report
        return list(queues)
    return [queue for queue in queues if any(worker.serves(queue) for worker in workers)]


def _imported_tasks() -> Iterator[Task[..., Any]]:
    for module in tuple(sys.modules.values()):
        for value in tuple(getattr(module, "__dict__", {}).values()):
            if issubclass(type(value), Task):  # isinstance() would evaluate lazy objects
                yield value
