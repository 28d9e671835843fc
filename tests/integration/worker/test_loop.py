"""Coroutine tasks, database connections and languages of jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import translation

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import wait_for_end
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes

RunAll = Callable[..., Any]


def test_hundreds_of_coroutines_run_at_a_time(run_all: RunAll, notes: Notes) -> None:
    tasks.crowd.clear()
    tasks.wait_for_crowd.bulk_enqueue([[500]] * 500)
    run_all(concurrency=4)
    assert notes.counts == {"met": 500}


def test_no_more_coroutines_run_than_permitted(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    tasks.hold_in_loop.bulk_enqueue([[str(number)] for number in range(10)])
    worker = start_worker(async_concurrency=3)
    notes.wait_for_lines(3)
    assert len(worker.running()) == 3
    notes.put("release")
    for number in range(10):
        notes.wait_for(f"end {number}")


@pytest.mark.django_db(transaction=True)
def test_coroutines_may_use_the_orm(backend: JobBackend, start_worker: StartWorker) -> None:
    User.objects.create(username="ada")
    results = tasks.count_users_in_loop.bulk_enqueue([[]] * 30)
    start_worker()
    for result in results:
        record = wait_for_end(backend, result)
        assert (record.state, record.result) == (State.SUCCEEDED, "1"), record.failures


@pytest.mark.django_db(transaction=True)
def test_a_model_instance_reaches_a_coroutine(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    result = tasks.greet_user_in_loop.enqueue(User.objects.create(username="ada"))
    start_worker()
    assert wait_for_end(backend, result).state is State.SUCCEEDED
    assert notes.lines == ["ada"]


@pytest.mark.django_db(transaction=True)
def test_the_connections_of_coroutines_are_closed_afterwards(
    backend: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[object] = []
    close_all = connections.close_all

    def count_and_close() -> None:
        closed.append(1)
        close_all()

    monkeypatch.setattr(connections, "close_all", count_and_close)
    results = [tasks.name_database_thread.enqueue() for _ in range(5)]
    start_worker()
    for result in results:
        assert wait_for_end(backend, result).state is State.SUCCEEDED
    wait_until(lambda: len(closed) >= 5, lambda: f"closed {len(closed)} times")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_is_replaced(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    start_worker(concurrency=1)
    for number in range(1, 4):
        wait_for_end(backend, tasks.use_connection.enqueue())
        notes.wait_for("used", number)
        record = wait_for_end(backend, tasks.break_connection.enqueue())
        assert record.state is State.SUCCEEDED
    assert connection.alias == "default"


def test_a_language_is_left_to_nobody(run_all: RunAll, notes: Notes) -> None:
    with translation.override("fr"):
        for _ in range(3):
            tasks.activate_german.enqueue()
            tasks.say_language.enqueue()
        run_all(concurrency=1)
    assert notes.lines == ["de", settings.LANGUAGE_CODE] * 3


def test_threads_go_on_while_the_loop_is_full(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    tasks.hold_in_loop.bulk_enqueue([[str(number)] for number in range(2)])
    start_worker(async_concurrency=2)
    notes.wait_for_lines(2)
    tasks.note.enqueue("thread")
    notes.wait_for("thread")
    notes.put("release")
