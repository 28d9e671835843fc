"""Timeouts: what they interrupt, what they cannot, and that they never hit other jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from django_jobs.signals import job_stuck
from django_jobs.timeouts import interrupts
from django_jobs.timeouts.limits import Limit
from django_jobs.timeouts.watchdog import MANY, Watchdog
from tests.apps.worker_site import tasks
from tests.integration.backends.helpers import connected
from tests.integration.worker.helpers import wait_for_end
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes


@pytest.mark.parametrize("task", [tasks.loop_for_ever, tasks.wait_for_ever])
def test_an_attempt_that_takes_too_long_is_interrupted(
    task: Any, backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    result = task.enqueue()
    start_worker()

    record = wait_for_end(backend, result)

    assert record.state is State.DEAD
    assert record.failures[0].exception == "django_jobs.errors.TaskTimeout"
    assert record.failures[0].message == "It took longer than its timeout of 0.1 s."
    assert notes.lines == (["cleaned up"] if task is tasks.wait_for_ever else [])


def test_a_call_that_does_not_come_back_is_reported_as_stuck(
    backend: JobBackend,
    start_worker: StartWorker,
    caplog: pytest.LogCaptureFixture,
    configure: Callable[..., JobBackend],
) -> None:
    backend = configure(lease=2)
    result = tasks.wait_in_c.enqueue()
    heard: list[dict[str, Any]] = []

    def hear(**arguments: Any) -> None:
        heard.append(arguments)

    with caplog.at_level(logging.ERROR, "django_jobs"), connected(job_stuck, hear):
        start_worker(stuck_after=0.1)

        def reported() -> bool:
            return any(result.id in worker.stuck for worker in backend.broker.inspection.workers())

        wait_until(reported, "no heartbeat names the stuck job")
        wait_until(lambda: f"Job {result.id} is stuck" in caplog.text, "it is not in the log")
        wait_until(lambda: heard, "no receiver was told of the stuck job")
        assert [one["job_id"] for one in heard] == [result.id]
        assert heard[0]["task_result"].task == tasks.wait_in_c
        tasks.door.put(None)
        record = wait_for_end(backend, result)

    assert record.failures[0].exception == "django_jobs.errors.TaskTimeout"
    wait_until(lambda: not reported(), "a job that has ended is still called stuck")


@pytest.mark.parametrize("task", [tasks.end_at_timeout, tasks.end_at_timeout_in_loop])
def test_a_timeout_hits_its_own_attempt_only(
    task: Any, backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    jobs = []
    for number in range(150):
        jobs.append(task.enqueue(number))
        tasks.count_loops.enqueue(str(number))
    start_worker(concurrency=3)

    notes.wait_for_lines(150)
    wait_until(
        lambda: len([line for line in notes.lines if line.startswith("counted")]) == 150,
        "not every job without a timeout has run",
    )
    records = [wait_for_end(backend, job) for job in jobs]

    assert not [line for line in notes.lines if line.startswith("hit")]
    errors = {one.exception for record in records for one in record.failures}
    assert errors <= {"django_jobs.errors.TaskTimeout"}
    assert {record.state for record in records} <= {State.SUCCEEDED, State.DEAD}


def test_a_limit_fires_once_and_never_after_the_end() -> None:
    fired: list[str] = []
    limit = Limit("job", lambda: fired.append("once"))
    assert limit.fire()
    assert limit.fire()
    limit.end()
    assert not limit.fire()
    assert fired == ["once"]


def test_an_attempt_that_ends_while_it_is_interrupted_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its thread waits for the interruption, and is hit by it at its first step after that."""
    interrupting, results = threading.Event(), []
    real = interrupts._set_exception  # noqa: SLF001

    def interrupt(thread: int, kind: Any) -> None:
        if kind is not None:
            interrupting.set()
            time.sleep(0.1)
        real(thread, kind)

    monkeypatch.setattr(interrupts, "_set_exception", interrupt)
    watchdog = Watchdog(on_stuck=lambda _: None)
    threads = [
        threading.Thread(target=watchdog.run, daemon=True),
        threading.Thread(
            target=lambda: results.append(watchdog.call("job", 0.01, interrupting.wait)),
            daemon=True,
        ),
    ]
    for thread in threads:
        thread.start()
    threads[1].join(DEADLINE)
    watchdog.close()
    threads[0].join(DEADLINE)
    assert results == [True]
    assert not any(thread.is_alive() for thread in threads)


def test_limits_of_ended_attempts_are_not_kept() -> None:
    watchdog = Watchdog(on_stuck=lambda _: None)
    kept = [Limit(str(number), lambda: None) for number in range(10)]
    for limit in kept:
        watchdog.watch(limit, 3600)
    for number in range(5 * MANY):
        limit = Limit(str(number), lambda: None)
        watchdog.watch(limit, 3600)
        limit.end()
    assert len(watchdog._limits) <= MANY + 1  # noqa: SLF001
    assert all(limit in [entry[2] for entry in watchdog._limits] for limit in kept)  # noqa: SLF001


def test_the_shorter_limit_fires_first() -> None:
    fired: list[str] = []
    watchdog = Watchdog(on_stuck=lambda _: None)
    thread = threading.Thread(target=watchdog.run)
    thread.start()
    watchdog.watch(Limit("long", lambda: fired.append("long")), 3600)
    watchdog.watch(Limit("short", lambda: fired.append("short")), 0.01)
    wait_until(lambda: fired, "it waits for the longer limit")
    watchdog.close()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert fired == ["short"]
