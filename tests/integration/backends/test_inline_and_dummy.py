"""The inline and dummy backends."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import nullcontext
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created

from django_jobs import Retry
from django_jobs.backends import DummyBackend
from django_jobs.compat import InvalidTask, TaskResultDoesNotExist, TaskResultStatus
from tests.apps.backend_site import tasks
from tests.apps.library.models import Author
from tests.support.backend_fixtures import Configure
from tests.support.results import current_backend

# --- inline ---------------------------------------------------------------------------------------


@pytest.fixture
def inline(configure: Configure) -> Any:
    return configure("inline")


def test_an_inline_job_has_ended_when_enqueue_returns(inline: Any) -> None:
    for task in (tasks.echo, tasks.echo_later):
        result: Any = task.enqueue(1, two=2)
        assert (result.status, result.return_value) == ("SUCCESSFUL", [[1], {"two": 2}])
        assert task.get_result(result.id).return_value == result.return_value


def test_inline_jobs_enqueue_inline_jobs(inline: Any) -> None:
    tasks.enqueue_another.enqueue("inner")
    tasks.enqueue_another_later.enqueue("later")
    assert tasks.seen == ["inner", "later", "later"]


def test_an_inline_failure_is_final_whatever_its_retry_says(inline: Any) -> None:
    for retry in (None, Retry(attempts=9, wait=0)):
        result = tasks.fail.using(retry=retry).enqueue("value")
        assert (result.status, len(result.errors)) == (TaskResultStatus.FAILED, 1)
    assert tasks.echo.enqueue("not disturbed").is_finished


def test_an_inline_result_is_there_even_if_it_is_not_kept(inline: Any) -> None:
    result: Any = tasks.echo.using(result_ttl=0).enqueue(1)
    assert result.return_value == [[1], {}]
    with pytest.raises(TaskResultDoesNotExist):
        tasks.echo.get_result(result.id)


def test_an_interrupt_of_an_inline_job_ends_the_program_too(inline: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        tasks.fail.bulk_enqueue([["interrupt"], ["value"]])
    assert tasks.seen == ["interrupt"]
    assert tasks.fail.enqueue("exit").status == TaskResultStatus.FAILED


def test_an_inline_coroutine_runs_also_where_a_loop_runs_already(inline: Any) -> None:
    async def view() -> Any:
        synchronous: Any = tasks.echo_later.enqueue("sync")
        asynchronous: Any = await tasks.echo_later.aenqueue("async")
        return [synchronous.return_value, asynchronous.return_value]

    assert asyncio.run(view()) == [[["sync"], {}], [["async"], {}]]


@pytest.mark.parametrize("state", ["running", "succeeded"])
def test_a_log_that_fails_changes_nothing_for_an_inline_job(
    inline: Any, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    def fail(record: logging.LogRecord) -> bool:
        if getattr(record, "state", "") == state:
            raise ValueError("no disk")
        return True

    caplog.handler.addFilter(fail)
    try:
        with caplog.at_level(logging.INFO):
            result = tasks.echo.enqueue(1)
    finally:
        caplog.handler.removeFilter(fail)

    assert result.status == "SUCCESSFUL"
    assert "could not be announced" in caplog.text


def test_inline_jobs_cannot_be_deferred(inline: Any) -> None:
    with pytest.raises(InvalidTask, match="run_after"):
        tasks.echo.using(run_after=timedelta(hours=1))


def test_inline_jobs_have_their_timeout(inline: Any) -> None:
    result = tasks.sleep_in_python.using(timeout=0.05).enqueue()
    assert result.errors[0].exception_class_path == "django_jobs.errors.TaskTimeout"


def test_each_thread_runs_its_own_inline_jobs(inline: Any) -> None:
    results: list[Any] = []

    def work(number: int) -> None:
        results.extend((number, tasks.echo.enqueue(number, turn=turn)) for turn in range(20))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80
    assert all(result.return_value[0] == [number] for number, result in results)


@pytest.mark.django_db(transaction=True)
def test_an_inline_job_leaves_the_caller_s_connection_alone(
    inline: Any, django_assert_num_queries: Any
) -> None:
    Author.objects.bulk_create([Author(name="Ada"), Author(name="Bob")])
    with django_assert_num_queries(3):
        rows = Author.objects.values_list("name", flat=True).iterator(chunk_size=1)
        names = [next(rows)]
        assert tasks.count_authors.enqueue().return_value == 2
        before = connection.connection
        names += rows
        tasks.count_authors.enqueue()
        assert connection.connection is before
    assert names == ["Ada", "Bob"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_open", [True, False])
def test_an_inline_job_uses_the_connection_of_a_caller_with_an_event_loop(
    inline: Any, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    """Django permits that in notebooks, for example."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    opened: list[Any] = []

    def note(connection: Any, **_: Any) -> None:
        opened.append(connection)

    async def cell() -> Any:
        with transaction.atomic() if is_open else nullcontext():
            if is_open:
                Author.objects.create(name="Ada")
            counted = tasks.count_authors.using(enqueue_on_commit=False).enqueue().return_value
            assert list(connections.all(initialized_only=True)) == opened
        connections.close_all()
        return counted

    connection_created.connect(note)
    try:
        # In this thread's own context, tests with a browser may have left connections.
        assert Context().run(asyncio.run, cell()) == int(is_open)
    finally:
        connection_created.disconnect(note)
    assert len(opened) == 1


def test_jobs_of_a_paused_queue_run_with_the_next_one_after_the_pause(inline: Any) -> None:
    inline.broker.inspection.pause("default")
    waiting = tasks.note.enqueue("waiting")
    assert waiting.status == TaskResultStatus.READY
    inline.broker.inspection.resume("default")
    tasks.note.enqueue("next")
    assert tasks.seen == ["waiting", "next"]


# --- dummy ----------------------------------------------------------------------------------------


@pytest.fixture
def dummy(configure: Configure) -> DummyBackend:
    backend = configure("dummy")
    assert isinstance(backend, DummyBackend)
    return backend


def test_dummy_jobs_are_kept_in_the_order_of_their_arrival(dummy: DummyBackend) -> None:
    first = tasks.note.using(priority=-5).enqueue(1)
    more = tasks.note.using(priority=9, queue_name="low").bulk_enqueue([[2], [3]])
    assert [result.id for result in dummy.results] == [first.id, *(one.id for one in more)]
    assert dummy.results == [first, *more]
    assert tasks.seen == []


def test_dummy_jobs_are_known_in_every_thread_until_they_are_cleared(dummy: DummyBackend) -> None:
    result = tasks.note.enqueue(1)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(tasks.note.get_result(result.id)))
    thread.start()
    thread.join()
    assert found == [result]
    dummy.clear()
    assert dummy.results == []
    assert tasks.note.enqueue(2) == current_backend().results[0]  # type: ignore[attr-defined]
