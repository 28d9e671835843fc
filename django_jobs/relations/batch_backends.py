"""What batches and workflows need of their backend, and which tasks they take."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from django.core.exceptions import ImproperlyConfigured

from django_jobs.compat import AnyTask, Task, task_backends
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.workflows import Edge
from django_jobs.validation.validators import short_repr


class BackendBatches(Protocol):
    """Keeps the batches of a backend."""

    def open(
        self, batch_id: str, name: str, metadata: str, callbacks: Mapping[BatchEvent, AnyTask]
    ) -> None: ...
    def enqueue(
        self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any], membership: Membership
    ) -> Any: ...
    def bulk_enqueue(
        self, task: AnyTask, calls: Iterable[Any], membership: Membership
    ) -> list[Any]: ...
    def close(self, batch_id: str) -> None: ...
    def give_up(self, batch_id: str) -> None: ...
    def cancel(self, batch_id: str) -> bool: ...
    def find(self, batch_id: str) -> BatchRecord | None: ...
    def retry_dead(self, batch_id: str) -> Any: ...


class BackendWorkflows(Protocol):
    """Builds and stores the workflows of a backend."""

    def build(
        self, workflow_id: str, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Job: ...
    def enqueue(
        self, workflow: NewBatch, nodes: Sequence[tuple[AnyTask, Job, tuple[Edge, ...]]]
    ) -> list[Any]: ...
    def grow(
        self, nodes: Sequence[tuple[AnyTask, Job, tuple[Edge, ...]]], membership: Membership
    ) -> list[Any]: ...


@runtime_checkable
class BatchBackend(Protocol):
    """A backend of django_jobs."""

    @property
    def batches(self) -> BackendBatches: ...
    @property
    def workflows(self) -> BackendWorkflows: ...


def batches_of(alias: str) -> BackendBatches:
    """Return what keeps the batches of a backend.

    Raises:
        ImproperlyConfigured: it is none of django_jobs.
    """
    return _backend(alias).batches


def workflows_of(alias: str) -> BackendWorkflows:
    """Return what stores the workflows of a backend.

    Raises:
        ImproperlyConfigured: it is none of django_jobs.
    """
    return _backend(alias).workflows


def _backend(alias: str) -> BatchBackend:
    if not isinstance(alias, str):
        raise ImproperlyConfigured(f"backend={short_repr(alias)}: give an alias of TASKS.")
    backend = task_backends[alias]
    if not isinstance(backend, BatchBackend):
        raise ImproperlyConfigured(
            f"TASKS[{alias!r}] is a {type(backend).__name__}, which has no batches and workflows."
            " Use a backend of django_jobs."
        )
    return backend


def check_task(where: str, task: object, alias: str, group: str = "batch") -> AnyTask:
    """Return a task of a backend.

    Args:
        where: what it is given to, for messages.
        group: what that is, for messages.

    Raises:
        ImproperlyConfigured: with what to give.
    """
    if not isinstance(task, Task):
        raise ImproperlyConfigured(f"{where}: {short_repr(task)} is no task.")
    if task.backend != alias:
        raise ImproperlyConfigured(
            f"{where}: {task.module_path} belongs to TASKS[{task.backend!r}], and the {group} to"
            f" TASKS[{alias!r}]. Give the {group} backend={task.backend!r}, or use"
            f" task.using(backend={alias!r})."
        )
    return task


def check_callback(where: str, task: object, alias: str) -> None:
    """Refuse a task that cannot be a callback.

    Raises:
        ImproperlyConfigured: with the reason.
    """
    task = check_task(where, task, alias)
    for option in ("unique", "expires"):
        if getattr(task, option, None) is not None:
            raise ImproperlyConfigured(
                f"{where}: {task.module_path} has {option}=…, which a callback cannot have: each"
                f" is one job, whenever it starts. Use task.using({option}=None)."
            )
    if isinstance(task.run_after, timedelta):
        raise ImproperlyConfigured(
            f"{where}: {task.module_path} has run_after={task.run_after!r}, which would count from"
            " the opening of the batch. Give a datetime, or let the callback enqueue the task."
        )
    if not _takes_one(task.func, has_context=task.takes_context):
        raise ImproperlyConfigured(
            f"{where}: {task.module_path} must take the id of the batch as its only argument."
            " What else it needs belongs in the batch's metadata."
        )


def _takes_one(func: Callable[..., Any], *, has_context: bool) -> bool:
    """Return whether a task can be called with one argument."""
    try:
        inspect.signature(func).bind(*[None] * (1 + has_context))
    except TypeError:
        return False
    return True
