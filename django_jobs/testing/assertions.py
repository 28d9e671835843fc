"""Assertions about waiting jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django_jobs.clock import from_ms
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, Task, TaskResult
from django_jobs.jobs.call_text import format_call
from django_jobs.jobs.records import JobRecord
from django_jobs.relations.batches import Batch

from .conditions import ANYTHING, to_conditions, to_text
from .hints import commit_hint
from .waiting import waiting_backend, waiting_jobs


def assert_enqueued(
    task: Task[..., Any],
    *,
    args: Sequence[Any] = ANYTHING,
    kwargs: Mapping[str, Any] = ANYTHING,
    queue_name: str = ANYTHING,
    priority: int = ANYTHING,
    run_after: datetime | timedelta | None = ANYTHING,
    batch: Batch | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> TaskResult[..., Any]:
    """Assert that a job of a task is waiting; arguments that are left out match anything.

    Args:
        args: all positional arguments, as given to `enqueue`.
        kwargs: all keyword arguments.
        run_after: a datetime, a timedelta from `enqueue`, or None for at once; to the second.
        batch: of which it is a member, or None for a job that is a member of none.
        backend: alias in `TASKS`.

    Returns:
        The first such job.

    Raises:
        AssertionError: there is none, with those that there are; or the backend runs jobs itself.
    """
    __tracebackhide__ = True  # of pytest
    found = waiting_backend(backend)
    wanted = to_conditions(task, args, kwargs, queue_name, priority, run_after, batch)
    records = waiting_jobs(found)
    for record in records:
        if all(one.is_met(record.job) for one in wanted):
            return found.get_result(record.job.id)
    raise AssertionError(f"No job{to_text(wanted)} was enqueued. {_listed(records)}")


def assert_not_enqueued(
    task: Task[..., Any] | None = None,
    *,
    args: Sequence[Any] = ANYTHING,
    kwargs: Mapping[str, Any] = ANYTHING,
    queue_name: str = ANYTHING,
    priority: int = ANYTHING,
    run_after: datetime | timedelta | None = ANYTHING,
    batch: Batch | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> None:
    """Assert that no such job is waiting; without a task, no job at all.

    Args:
        task: this and the others are those of `assert_enqueued`.

    Raises:
        AssertionError: there is one, with those that there are; or the backend runs jobs itself.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_conditions(task, args, kwargs, queue_name, priority, run_after, batch)
    records = waiting_jobs(waiting_backend(backend))
    unwanted = [record for record in records if all(one.is_met(record.job) for one in wanted)]
    if unwanted:
        raise AssertionError(f"A job{to_text(wanted)} was enqueued. {_listed(records)}")


def _listed(records: Sequence[JobRecord]) -> str:
    """Return a sentence about the enqueued jobs, and about what may be missing."""
    listed = "\n".join(f"  {_line(record)}" for record in records)
    sentence = f"These jobs were:\n{listed}" if records else "No job was."
    return sentence + commit_hint(has_jobs=bool(records))


def _line(record: JobRecord) -> str:
    job = record.job
    due = "" if job.run_at is None else f", run_after {from_ms(job.run_at):%Y-%m-%d %H:%M:%S} UTC"
    return f"{format_call(job)}, queue {job.queue!r}, priority {job.priority}{due}"
