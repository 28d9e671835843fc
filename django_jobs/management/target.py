"""The backend and the queue that a command is about."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend, our_backend
from django_jobs.backends.queues import configured_and_known
from django_jobs.brokers.inspection.base import QueueInfo
from django_jobs.compat import BaseTaskBackend, task_backends
from django_jobs.conf.queues import check_queue_name
from django_jobs.suggest import unknown_name
from django_jobs.tasks.redaction.known_tasks import import_once
from django_jobs.tasks.redaction.redactor import Redactor


def configured_backend(alias: str) -> BaseTaskBackend:
    """Return the backend of an alias in `TASKS`.

    Raises:
        CommandError: there is no such alias, or its settings cannot be used.
    """
    aliases = list(task_backends)
    if alias not in aliases:
        raise CommandError(unknown_name("alias of TASKS", alias, aliases))
    try:
        return task_backends[alias]
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


def job_backend(alias: str) -> JobBackend:
    """Return the backend of an alias, if it is one of django_jobs.

    Raises:
        CommandError: it is not one, or there is no such alias.
    """
    configured = configured_backend(alias)
    backend = our_backend(alias)
    if backend is None:
        kind = type(configured)
        raise CommandError(
            f"TASKS[{alias!r}] is {kind.__module__}.{kind.__qualname__}, which is no backend of"
            " django_jobs. Set TASKS = tasks_from_env() and JOB_BACKEND=redis, or name another"
            " alias with --backend."
        )
    return backend


def visible_backend(alias: str) -> JobBackend:
    """Return the backend of an alias, if its jobs can be seen from this process.

    Raises:
        CommandError: they are in the memory of other processes.
    """
    backend = job_backend(alias)
    if not backend.persistent and not any(backend.broker.inspection.counts().values()):
        raise CommandError(
            f"TASKS[{alias!r}] is {type(backend).__name__}: its jobs are in the memory of the"
            " process that enqueued them, such as a web process, and this process has none. Set"
            " JOB_BACKEND=redis to share jobs between processes, or name another alias with"
            " --backend."
        )
    return backend


def make_redactor(backend: JobBackend) -> Redactor:
    """Return a redactor for the jobs of a backend, with the site's tasks imported."""
    import_once()
    return Redactor(backend.configuration.redact)


def known_queue(backend: JobBackend, name: str) -> QueueInfo:
    """Return a queue by its name.

    If `QUEUES` of the backend is empty, any valid name is a queue.

    Raises:
        CommandError: no job can be in such a queue.
    """
    queues = {queue.name: queue for queue in configured_and_known(backend)}
    if name in queues:
        return queues[name]
    if backend.queues:
        raise CommandError(unknown_name("queue", name, queues))
    try:
        return QueueInfo(name=check_queue_name(name), size=0, latency=0, paused=False)
    except ValueError as error:
        raise CommandError(f"QUEUE: {error}") from error
