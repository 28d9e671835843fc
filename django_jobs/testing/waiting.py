"""Backends whose jobs wait until a test looks at them."""

from __future__ import annotations

from django_jobs.backends import InlineBackend, JobBackend, ThreadPoolBackend, our_backend
from django_jobs.compat import task_backends
from django_jobs.jobs.records import JobRecord, State

EVERYTHING = 1_000_000
WAITING = (State.QUEUED, State.WAITING, State.SCHEDULED)


def waiting_backend(alias: str) -> JobBackend:
    """Return the backend of an alias.

    Raises:
        AssertionError: the backend runs jobs by itself, so none would be waiting, or another thread
            would interfere.
    """
    backend = our_backend(alias)
    runs_by_itself = isinstance(backend, (InlineBackend, ThreadPoolBackend))
    if backend is not None and not runs_by_itself:
        return backend
    reason = "runs jobs by itself" if runs_by_itself else "is not one of django_jobs"
    kind = type(task_backends[alias]).__name__
    raise AssertionError(
        f"TASKS[{alias!r}] is {kind}, which {reason}. To keep jobs from running in this test, use"
        ' @override_backend("dummy") of django_jobs.testing.'
    )


def waiting_jobs(backend: JobBackend) -> list[JobRecord]:
    """Return the jobs that were enqueued and have not run, sorted by `enqueued_at`.

    Those of a workflow that wait for others are among them; callbacks of batches are not.
    """
    jobs = backend.broker.inspection.jobs
    records = [record for state in WAITING for record in jobs(state, limit=EVERYTHING)]
    records += (one for one in jobs(State.WAITING, limit=EVERYTHING) if one.job.batch)
    return sorted(records, key=lambda record: record.job.enqueued_at)
