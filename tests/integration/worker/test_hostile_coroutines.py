"""Coroutines that stop or close the event loop: each attempt ends, and the loop continues."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.compat import task_finished
from django_jobs.jobs.records import JobRecord, State
from django_jobs.logs.fields import JOB_LOGGER
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes


def goes_on(backend: JobBackend) -> bool:
    """Whether coroutine jobs still run."""
    return wait_for_end(backend, tasks.note_in_loop.enqueue("on")).state is State.SUCCEEDED


def wait_for_failure(backend: JobBackend, result: Any) -> JobRecord:
    wait_until(lambda: record_of(backend, result).failures, "it was not settled")
    return record_of(backend, result)


def test_a_job_that_stops_the_loop_stops_nothing(
    backend: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    holding = tasks.hold_in_loop.enqueue("untouched")
    start_worker()
    notes.wait_for("begin untouched")

    stopping = [tasks.stop_loop.enqueue() for _ in range(3)]

    assert {wait_for_end(backend, one).state for one in stopping} == {State.SUCCEEDED}
    assert goes_on(backend)
    notes.put("release")
    assert wait_for_end(backend, holding).state is State.SUCCEEDED
    assert "A job stopped the event loop" in caplog.text


def test_jobs_on_a_loop_that_was_closed_fail_and_the_next_ones_run(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    other = tasks.hold_once.enqueue()
    start_worker()
    notes.wait_for("begin 1")

    closing = tasks.close_loop.enqueue()

    assert wait_for_end(backend, closing).state is State.SUCCEEDED
    again = wait_for_end(backend, other)
    assert (again.state, again.attempts) == (State.SUCCEEDED, 2)
    assert again.failures[0].exception == "django_jobs.errors.WorkerLost"
    assert "event loop" in again.failures[0].message
    assert goes_on(backend)


def test_a_task_of_a_job_that_exits_takes_only_its_job_along(
    backend: JobBackend, start_worker: StartWorker
) -> None:
    worker = start_worker()
    jobs = [tasks.let_a_task_exit.enqueue() for _ in range(6)]
    failed = [wait_for_end(backend, job) for job in jobs]
    assert {record.failures[0].exception for record in failed} == {"builtins.SystemExit"}
    assert goes_on(backend)
    assert not worker.failed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "task", [tasks.cancel_itself_after_a_query, tasks.leave_a_time_limit_behind]
)
def test_a_cancellation_that_a_job_leaves_behind_changes_nothing(
    task: Any, backend: JobBackend, start_worker: StartWorker
) -> None:
    told = threading.Event()

    def hear(**_: Any) -> None:
        told.set()

    start_worker()
    task_finished.connect(hear)
    try:
        record = wait_for_end(backend, task.enqueue())
    finally:
        task_finished.disconnect(hear)

    assert (record.state, record.result) == (State.SUCCEEDED, '"done"')
    assert told.is_set()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_cancels_all_others_makes_them_fail(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    others = [tasks.hold_in_loop.enqueue(str(number)) for number in range(3)]
    worker = start_worker()
    notes.wait_for_lines(3)

    cancelling = tasks.cancel_all.enqueue()

    assert wait_for_end(backend, cancelling).state in {State.SUCCEEDED, State.DEAD}
    for job in others:
        assert wait_for_failure(backend, job).state is State.RETRYING
    wait_until(lambda: not worker.running(), "an attempt never ended")
    assert goes_on(backend)


def test_jobs_that_are_cancelled_before_their_first_step_are_settled(
    backend: JobBackend, start_worker: StartWorker
) -> None:
    cancelling = tasks.cancel_all.enqueue()
    behind = [tasks.note_in_loop.enqueue(str(number)) for number in range(3)]
    worker = start_worker()

    assert wait_for_end(backend, cancelling).state is State.SUCCEEDED
    for job in behind:
        assert wait_for_end(backend, job).state is State.SUCCEEDED
    wait_until(lambda: not worker.running(), "an attempt never ended")


def test_a_text_that_exits_is_no_trouble_where_discarded_jobs_are_logged(
    backend: JobBackend, start_worker: StartWorker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, JOB_LOGGER)
    results = [tasks.discard_what_exits_as_text.enqueue() for _ in range(2)]
    results += [tasks.discard_what_exits_as_text_in_a_thread.enqueue() for _ in range(2)]
    worker = start_worker()
    assert {wait_for_end(backend, one).state for one in results} == {State.DISCARDED}
    assert not worker.failed


@pytest.mark.parametrize(
    ("task", "state"),
    [
        (tasks.raise_what_exits_as_text, State.DEAD),
        (tasks.raise_what_exits_as_text_in_a_thread, State.DEAD),
        (tasks.raise_with_an_odd_line, State.DEAD),
        (tasks.raise_with_an_odd_line_in_a_thread, State.DEAD),
        (tasks.fail_with_a_wait_that_exits, State.RETRYING),
        (tasks.fail_with_a_wait_that_exits_in_a_thread, State.RETRYING),
    ],
)
def test_what_fails_while_an_attempt_is_settled_keeps_no_claim(
    task: Any, state: State, backend: JobBackend, start_worker: StartWorker
) -> None:
    result = task.enqueue()
    start_worker()
    assert wait_for_failure(backend, result).state is state
