"""`perform` makes one attempt of a task, as a worker would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_jobs.compat import InvalidTask
from django_jobs.errors import (
    Discard,
    Fail,
    MissingRecord,
    RetryLater,
    TaskTimeout,
    UnserializableArgument,
)
from django_jobs.testing import (
    assert_enqueued,
    assert_not_enqueued,
    override_backend,
    perform,
)
from tests.apps.library.models import Author
from tests.apps.registered import tasks as odd
from tests.integration.testing import tasks


@pytest.fixture(autouse=True, params=["dummy", "inline", "async"])
def backend(request: pytest.FixtureRequest) -> Iterator[None]:
    """It is the same with every backend."""
    with override_backend(request.param):
        yield


def test_what_the_task_returns_comes_back() -> None:
    assert perform(tasks.note, "hello", loud=True) == "HELLO"


def test_the_job_runs_in_the_test_process() -> None:
    assert perform(tasks.thread) == threading.get_ident()


def test_values_travel_as_in_production() -> None:
    amount, day, lines = perform(tasks.bill, Decimal("1.5"), date(2026, 1, 2), lines=(1, 2))
    assert (amount, day) == (Decimal("1.5"), date(2026, 1, 2))
    assert lines == [1, 2]


def test_the_error_itself_comes_out() -> None:
    with pytest.raises(RuntimeError, match="out of ink") as raised:
        perform(tasks.fail, "out of ink")
    assert raised.traceback[-1].name == "fail"


def test_what_a_task_raises_to_say_how_it_ends_comes_out_too() -> None:
    with pytest.raises(Discard):
        perform(tasks.refuse)
    with pytest.raises(RetryLater):
        perform(tasks.ask_for_more_time)


def test_the_time_limit_holds() -> None:
    with pytest.raises(TaskTimeout):
        perform(tasks.loop)
    with pytest.raises(TaskTimeout):
        perform(tasks.loop.using(timeout=0.01))


def test_the_context_is_given() -> None:
    assert perform(tasks.who, "Hello") == "Hello from attempt 1 of who"


def test_coroutines_run_to_their_end() -> None:
    assert perform(tasks.later, "Hello") == "Hello, asynchronously"


def test_what_cannot_travel_is_refused() -> None:
    with pytest.raises(UnserializableArgument, match="args"):
        perform(tasks.note, object())  # type: ignore[call-overload]
    with pytest.raises(Fail, match="result can't be stored"):
        perform(tasks.unserialisable)


def test_a_task_that_no_worker_would_find_is_refused() -> None:
    with pytest.raises(InvalidTask, match="cannot be enqueued"):
        perform(odd.renamed)


@pytest.mark.django_db
def test_rows_are_read_again() -> None:
    author = Author.objects.create(name="Ada")
    perform(tasks.rename, author, "Bob")
    assert author.name == "Ada"
    author.refresh_from_db()
    assert author.name == "Bob"
    assert perform(tasks.author_of, author) == author
    gone = Author.objects.get()
    author.delete()
    with pytest.raises(MissingRecord):
        perform(tasks.rename, gone, "Bob")


@pytest.mark.django_db
@override_backend("dummy")
def test_what_the_task_enqueues_waits() -> None:
    perform(tasks.note_twice, "hello")
    assert_enqueued(tasks.note, args=["hello once"])
    assert_enqueued(tasks.note, args=["hello twice"])
    assert not connection.run_on_commit


@pytest.mark.django_db
@override_backend("dummy")
def test_what_the_task_rolls_back_does_not() -> None:
    perform(tasks.note_and_roll_back, "hello")
    assert_not_enqueued()


@pytest.mark.django_db
def test_its_queries_can_be_counted() -> None:
    author = Author.objects.create(name="Ada")
    with CaptureQueriesContext(connection) as queries:
        author.refresh_from_db()
        perform(tasks.rename, author, "Bob")
    assert len(queries) == 3
