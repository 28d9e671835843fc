"""Races between the parts of a worker lose no job."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import Reply
from django_jobs.brokers.redis.session import SentCall
from django_jobs.compat import task_finished, task_started
from django_jobs.conf.queues import QueueWeight
from django_jobs.jobs.records import State
from django_jobs.signals import job_retrying
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes, is_waiting

# --- the two loops -----------------------------------------------------------------------------


def hear_replies(monkeypatch: pytest.MonkeyPatch, hear: Callable[[Reply], object]) -> None:
    """Hear each reply that is read from now on before the worker does."""
    result = SentCall.result

    def read_and_hear(call: SentCall) -> Reply:
        reply = result(call)
        hear(reply)
        return reply

    monkeypatch.setattr(SentCall, "result", read_and_hear)


def test_jobs_that_arrive_just_as_it_becomes_quiet_go_back(
    backend: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quieted = threading.Event()

    def become_quiet(reply: Reply) -> None:
        if reply.claims:
            worker.quiet()
            quieted.set()

    hear_replies(monkeypatch, become_quiet)
    worker = start_worker()
    result = tasks.note.enqueue("never")
    assert quieted.wait(DEADLINE)

    wait_until(lambda: record_of(backend, result).state is State.QUEUED, "it did not go back")
    worker.stop(DEADLINE)
    assert record_of(backend, result).attempts == 0
    assert worker.given_back == 0
    assert notes.lines == []


def test_a_worker_without_its_lease_starts_nothing_until_it_has_it_again(
    configure: Callable[..., JobBackend],
    start_worker: StartWorker,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claimed: list[int] = []
    backend = configure(lease=600)  # so that no heartbeat of its own comes in between
    worker = start_worker(queues=(QueueWeight("default"),))
    wait_until(partial(is_waiting, worker), "it does not wait")
    hear_replies(monkeypatch, lambda reply: claimed.append(len(reply.claims)))
    worker._state.lease.renew(-worker._state.lease.seconds)  # noqa: SLF001 (it is over)
    result = tasks.note.enqueue("x")
    # It was listening when its lease ended; the next call gives back what that brought.
    wait_until(lambda: 0 in claimed, "no call without claims")
    wait_until(lambda: record_of(backend, result).state is State.QUEUED, "it gave nothing back")
    assert record_of(backend, result).attempts == 0
    assert notes.lines == []

    worker._heartbeat.beat()  # noqa: SLF001 (what it does every few seconds)
    notes.wait_for("x")


def test_a_drain_runs_what_was_pushed_just_before(start_worker: StartWorker, notes: Notes) -> None:
    for number in range(20):
        worker = start_worker(concurrency=1)
        wait_until(partial(is_waiting, worker), "it does not wait")
        tasks.note.enqueue(str(number))
        assert worker.drain(DEADLINE)
        worker.stop(DEADLINE)
        assert notes.lines[number:] == [str(number)]


def test_a_drain_finds_a_queue_that_is_new(start_worker: StartWorker, notes: Notes) -> None:
    worker = start_worker(concurrency=1)
    wait_until(partial(is_waiting, worker), "it does not wait")
    tasks.note.using(queue_name="low").enqueue("x")
    assert worker.drain(DEADLINE)
    assert notes.lines == ["x"]


# --- the loop --------------------------------------------------------------------------------


def test_a_cancel_that_comes_too_late_hits_nobody(
    backend: JobBackend, start_worker: StartWorker
) -> None:
    def receiver(**kwargs: object) -> None:
        """Give each job a thread, whose connections are closed after its time was over."""

    task_started.connect(receiver)
    try:
        results = [tasks.end_too_late_unnoticed.enqueue() for _ in range(3)]
        start_worker()
        for result in results:
            record = wait_for_end(backend, result)
            assert record.state is State.SUCCEEDED, record.failures
    finally:
        task_started.disconnect(receiver)


def test_a_coroutine_that_is_given_back_sends_no_signal(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    heard: list[object] = []

    def receiver(**kwargs: object) -> None:
        heard.append(kwargs)

    result = tasks.hold_in_loop.enqueue("job")
    worker = start_worker()
    notes.wait_for("begin job")
    task_finished.connect(receiver)
    job_retrying.connect(receiver)
    try:
        worker.stop(0)
        notes.wait_for("finally job")
    finally:
        task_finished.disconnect(receiver)
        job_retrying.disconnect(receiver)
    assert worker.given_back == 1
    assert record_of(backend, result).state is State.QUEUED
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_receiver_may_use_the_database_when_a_coroutine_fails(
    backend: JobBackend, start_worker: StartWorker
) -> None:
    counted: list[int] = []

    def receiver(**kwargs: object) -> None:
        counted.append(User.objects.count())

    job_retrying.connect(receiver)
    try:
        result = tasks.fail_in_loop.enqueue()
        start_worker()
        wait_for_end(backend, result)
    finally:
        job_retrying.disconnect(receiver)
    assert counted == [0, 0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [tasks.name_database_thread, tasks.use_connection])
def test_a_connection_that_can_not_be_closed_costs_no_job(
    task: Any,
    backend: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close_all = connections.close_all

    def fail(*_: object) -> None:
        if notes.lines:  # not before the attempt
            close_all()
            raise RuntimeError("the driver is broken")

    worker = start_worker(concurrency=1)
    with monkeypatch.context() as patch:
        patch.setattr(connections, "close_all", fail)
        patch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", fail)
        assert wait_for_end(backend, task.enqueue()).state is State.SUCCEEDED
    tasks.note.enqueue("next")
    notes.wait_for("next")
    assert not worker.over.is_set()
