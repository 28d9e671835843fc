"""Assertions about jobs that have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django_jobs.backends import JobBackend, our_backend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, Task, TaskResult
from django_jobs.jobs.call_text import format_call
from django_jobs.jobs.records import Job, JobRecord, State
from django_jobs.relations.batches import Batch

from .conditions import ANYTHING, Condition, to_conditions, to_text
from .hints import commit_hint
from .waiting import EVERYTHING

LISTED = 20
"""The most jobs of each state in a message."""


def assert_succeeded(
    task: Task[..., Any],
    *,
    args: Sequence[Any] = ANYTHING,
    kwargs: Mapping[str, Any] = ANYTHING,
    queue_name: str = ANYTHING,
    batch: Batch | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> TaskResult[..., Any]:
    """Assert that a job of a task has succeeded; arguments that are left out match anything.

    Args:
        args: all positional arguments, as given to `enqueue`.
        kwargs: all keyword arguments.
        batch: of which it is a member, or None for a job that is a member of none.
        backend: alias in `TASKS`.

    Returns:
        The last such job, with its `return_value`.

    Raises:
        AssertionError: there is none, with the jobs that there are. Jobs with a `result_ttl` of 0
            are forgotten when they succeed.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_conditions(task, args, kwargs, queue_name, batch=batch)
    return _ended(State.SUCCEEDED, wanted, backend)


def assert_dead(
    task: Task[..., Any],
    *,
    args: Sequence[Any] = ANYTHING,
    kwargs: Mapping[str, Any] = ANYTHING,
    queue_name: str = ANYTHING,
    batch: Batch | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> TaskResult[..., Any]:
    """Assert that a job of a task is dead: it failed, and no attempt follows.

    Args:
        task: this and the others are those of `assert_succeeded`.

    Returns:
        The last such job, with its `errors`.

    Raises:
        AssertionError: there is none, with the jobs that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_conditions(task, args, kwargs, queue_name, batch=batch)
    return _ended(State.DEAD, wanted, backend)


def assert_discarded(
    task: Task[..., Any],
    *,
    args: Sequence[Any] = ANYTHING,
    kwargs: Mapping[str, Any] = ANYTHING,
    queue_name: str = ANYTHING,
    batch: Batch | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> TaskResult[..., Any]:
    """Assert that a job of a task was discarded, by its task, an operator or `expires`.

    Args:
        task: this and the others are those of `assert_succeeded`.

    Returns:
        The last such job, with its `errors`.

    Raises:
        AssertionError: there is none, with the jobs that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_conditions(task, args, kwargs, queue_name, batch=batch)
    return _ended(State.DISCARDED, wanted, backend)


def _ended(state: State, wanted: Sequence[Condition[Job]], alias: str) -> TaskResult[..., Any]:
    __tracebackhide__ = True  # of pytest
    backend = our_backend(alias)
    if backend is None:
        raise AssertionError(f"TASKS[{alias!r}] is not a backend of django_jobs.")
    for record in backend.broker.inspection.jobs(state, limit=EVERYTHING):
        if all(one.is_met(record.job) for one in wanted):
            return backend.get_result(record.job.id)
    what = {State.SUCCEEDED: "has succeeded", State.DEAD: "is dead"}.get(state, "was discarded")
    raise AssertionError(f"No job{to_text(wanted)} {what}. {_listed(backend)}")


def _listed(backend: JobBackend) -> str:
    """Return a sentence about all jobs that there are."""
    lines = [
        f"\n  {state.value}: {_line(record)}"
        for state in State
        for record in backend.broker.inspection.jobs(state, limit=LISTED)
    ]
    sentence = f"These jobs are there:{''.join(lines)}" if lines else "There are no jobs."
    return sentence + commit_hint(has_jobs=bool(lines))


def _line(record: JobRecord) -> str:
    call = format_call(record.job)
    if not record.failures:
        return call
    last = record.failures[-1]
    return f"{call}, {last.exception}: {last.message}"
