"""Retries, and the errors with which a task chooses its outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from django_jobs.tasks.retry import Retry
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes

RunAll = Callable[..., Any]


def test_a_failed_job_waits_for_its_next_attempt_on_the_curve(
    backend: JobBackend, run_all: RunAll, notes: Notes
) -> None:
    result = tasks.fail_by_default.enqueue("broken")

    run_all()

    record = record_of(backend, result)
    assert notes.lines == ["broken"]
    assert record.state is State.RETRYING
    assert record.due_at is not None
    assert record.last_attempted_at is not None
    # From 15 to 25 s after its end, which may be known late on a busy machine.
    assert 14_000 <= record.due_at - record.last_attempted_at <= 60_000


def test_each_attempt_runs_and_the_last_one_ends_in_death(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    result = tasks.fail.enqueue("broken")
    start_worker()

    record = wait_for_end(backend, result)

    assert record.state is State.DEAD
    assert notes.lines == ["broken"] * 3
    assert [one.attempt for one in record.failures] == [1, 2, 3]
    first = record.failures[0]
    assert (first.exception, first.message) == ("builtins.ValueError", "broken")
    assert "in fail" in first.traceback
    assert "django_jobs/worker" not in first.traceback


def test_the_last_ten_errors_are_kept(backend: JobBackend, start_worker: StartWorker) -> None:
    result = tasks.fail_often.enqueue()
    start_worker()

    record = wait_for_end(backend, result)

    assert [one.message for one in record.failures] == [f"attempt {n}" for n in range(3, 13)]


def test_the_backend_has_a_policy_for_tasks_without_one(
    configure: Callable[..., JobBackend], start_worker: StartWorker, notes: Notes
) -> None:
    backend = configure(retry=Retry(attempts=2, wait=0))
    result = tasks.fail_by_default.enqueue("broken")
    start_worker()

    assert wait_for_end(backend, result).state is State.DEAD
    assert notes.lines == ["broken"] * 2


def test_an_error_of_another_kind_is_not_tried_again(backend: JobBackend, run_all: RunAll) -> None:
    result = tasks.fail_otherwise.enqueue()
    run_all()
    record = record_of(backend, result)
    assert (record.state, record.attempts) == (State.DEAD, 1)


@pytest.mark.parametrize("kind", ["seconds", "timedelta", "datetime"])
def test_a_task_says_when_to_retry_it(
    kind: str, backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    result = tasks.come_back.enqueue(kind)
    start_worker()

    assert wait_for_end(backend, result).state is State.SUCCEEDED
    assert notes.lines == [f"{kind} 1", f"{kind} 2"]


@pytest.mark.parametrize(
    ("task", "arguments", "state"),
    [
        (tasks.end_with, ["discard"], State.DISCARDED),
        (tasks.end_with, ["fail"], State.DEAD),
        (tasks.look_up_nothing, [], State.DISCARDED),
        (tasks.return_a_lock, [], State.DEAD),
        (tasks.leave, [], State.RETRYING),
    ],
)
def test_an_attempt_ends_as_its_error_says(
    task: Any, arguments: list[str], state: State, backend: JobBackend, run_all: RunAll
) -> None:
    result = task.enqueue(*arguments)
    run_all()
    record = record_of(backend, result)
    assert record.state is state
    assert len(record.failures) == 1
