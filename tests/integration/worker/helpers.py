"""What becomes of a job that a worker runs."""

from __future__ import annotations

from typing import Any

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import JobRecord
from tests.support.waiting import wait_until


def record_of(backend: JobBackend, result: Any) -> JobRecord:
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    return record


def wait_for_end(backend: JobBackend, result: Any) -> JobRecord:
    wait_until(
        lambda: record_of(backend, result).state.is_final,
        f"no end of {record_of(backend, result)}",
    )
    return record_of(backend, result)
