"""Jobs that are cancelled while they run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes

CANCELLED = "django_jobs.errors.JobCancelled"


@pytest.fixture
def backend(configure: Callable[..., JobBackend]) -> JobBackend:
    return configure(lease=2)


@pytest.mark.parametrize(
    "task",
    [
        tasks.run_until_cancelled,
        tasks.run_limited_until_cancelled,
        tasks.await_until_cancelled,
    ],
)
def test_a_running_job_that_is_cancelled_ends_as_discarded(
    task: Any, backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    result, other = task.enqueue("one"), task.enqueue("other")
    start_worker(concurrency=2)
    notes.wait_for_lines(2)

    assert backend.broker.inspection.cancel(result.id)
    record = wait_for_end(backend, result)

    assert record.state is State.DISCARDED
    assert [one.exception for one in record.failures] == [CANCELLED]
    assert record.failures[0].message == "It was cancelled while it was running."
    assert notes.lines[2:] == ["cleaned up one"]
    assert record_of(backend, other).state is State.RUNNING
    backend.broker.inspection.cancel(other.id)
    wait_for_end(backend, other)


def test_its_worker_goes_on(backend: JobBackend, start_worker: StartWorker, notes: Notes) -> None:
    first = tasks.run_until_cancelled.enqueue("one")
    start_worker(concurrency=1)
    notes.wait_for_lines(1)
    backend.broker.inspection.cancel(first.id)

    second = tasks.run_until_cancelled.enqueue("two")
    notes.wait_for_lines(3)
    backend.broker.inspection.cancel(second.id)

    assert wait_for_end(backend, second).state is State.DISCARDED
    assert notes.lines == ["began one", "cleaned up one", "began two", "cleaned up two"]


def test_a_coroutine_that_ends_well_all_the_same_has_succeeded(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    result = tasks.swallow_cancellation.enqueue("one")
    start_worker()
    notes.wait_for_lines(1)

    backend.broker.inspection.cancel(result.id)

    assert wait_for_end(backend, result).state is State.SUCCEEDED


def test_a_cancelled_job_is_no_error(
    backend: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        result = tasks.run_until_cancelled.enqueue("one")
        start_worker()
        notes.wait_for_lines(1)
        backend.broker.inspection.cancel(result.id)
        wait_for_end(backend, result)

    def lines() -> list[logging.LogRecord]:
        return [one for one in caplog.records if result.id in one.getMessage()]

    wait_until(lambda: any("discarded" in one.getMessage().lower() for one in lines()), str(lines))
    assert max(one.levelno for one in lines()) == logging.INFO
