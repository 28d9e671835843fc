"""Assertions about batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django_jobs.backends import JobBackend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, AnyTask
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord, BatchState
from django_jobs.relations.batches import Batch

from .conditions import ANYTHING, Condition
from .job_groups import UNFINISHED, GroupCondition, find_group, to_backend, to_group_conditions


def assert_batch_enqueued(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    on_success: AnyTask | None = ANYTHING,
    on_end: AnyTask | None = ANYTHING,
    on_death: AnyTask | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Batch:
    """Assert that a batch was opened and has not ended; what is left out matches anything.

    Args:
        metadata: all of it.
        total: how many members it has.
        on_success: the task of this callback, or None for no such callback; and so for the others.
        backend: alias in `TASKS`.

    Returns:
        The last such batch.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    found = to_backend(backend)
    wanted = [
        *to_group_conditions(name, metadata, total),
        *_on_callbacks(found, BatchEvent.SUCCESS, on_success),
        *_on_callbacks(found, BatchEvent.END, on_end),
        *_on_callbacks(found, BatchEvent.DEATH, on_death),
    ]
    return find_group(Batch, backend, UNFINISHED, wanted, "was enqueued")


def assert_batch_succeeded(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Batch:
    """Assert that a batch has ended, and that all members succeeded or discarded themselves.

    Args:
        name: this and the others are those of `assert_batch_enqueued`.

    Returns:
        The last such batch.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_group_conditions(name, metadata, total)
    return find_group(Batch, backend, {BatchState.SUCCEEDED}, wanted, "has succeeded")


def assert_batch_failed(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Batch:
    """Assert that a batch has ended without success: members are dead, or it was cancelled.

    Args:
        name: this and the others are those of `assert_batch_enqueued`.

    Returns:
        The last such batch, with its `counts`.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_group_conditions(name, metadata, total)
    return find_group(Batch, backend, {BatchState.FAILED}, wanted, "has failed")


def _on_callbacks(
    backend: JobBackend, event: BatchEvent, task: AnyTask | None
) -> Iterator[GroupCondition]:
    if task is ANYTHING:
        return
    path = None if task is None else task.module_path

    def has_it(batch: BatchRecord) -> bool:
        job_id = batch.callbacks.get(event)
        record = backend.broker.inspection.find(job_id) if job_id else None
        return path == (record.job.task if record else None)

    yield Condition(f"with on_{event} {path}", has_it)
