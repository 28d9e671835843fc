"""Arguments arrive as they were given, or are refused when they are enqueued."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_jobs.backends import JobBackend
from django_jobs.errors import MissingRecord, PayloadTooLarge, UnserializableArgument
from django_jobs.jobs.records import State
from tests.apps.backend_site import tasks
from tests.apps.library.models import Author
from tests.support.backend_fixtures import Configure, Start
from tests.support.results import ended, succeeded


@pytest.fixture(params=["thread_pool", "redis", "inline"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_arguments_make_the_round_trip_through_json(backend: JobBackend) -> None:
    ended(tasks.note_types.enqueue((1, 2), {3: "three"}, None, "ä", 1.5))
    assert tasks.seen == [([1, 2], {"3": "three"}, None, "ä", 1.5)]


VALUES = [
    datetime(2026, 3, 29, 2, 30, tzinfo=UTC),
    date(2026, 3, 29),
    time(2, 30),
    timedelta(days=-1, microseconds=1),
    Decimal("0.10"),
    uuid.UUID(int=7),
]


def test_other_types_arrive_as_what_they_were(backend: JobBackend) -> None:
    result = tasks.note_types.enqueue(*VALUES)
    names = ["datetime", "date", "time", "timedelta", "Decimal", "UUID"]
    assert succeeded(result) == names
    assert tasks.seen == [tuple(VALUES)]
    assert result.args == VALUES
    assert tasks.note_types.get_result(result.id).args == VALUES


def test_results_follow_the_same_rules(backend: JobBackend) -> None:
    result = tasks.echo.enqueue(*VALUES, key={1: (2,)})
    assert succeeded(result) == [VALUES, {"key": {"1": [2]}}]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [tasks.greet_author, tasks.greet_author_later])
def test_a_model_instance_is_read_when_the_job_runs(backend: JobBackend, task: Any) -> None:
    author = Author.objects.create(name="Ada")
    assert succeeded(task.enqueue(author)) == "hello Ada"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [tasks.greet_author, tasks.greet_author_later])
def test_a_deleted_row_is_an_error_of_its_own(backend: JobBackend, task: Any) -> None:
    author = Author.objects.create(name="Ada")
    Author.objects.all().delete()
    once = task.using(discard_on=(MissingRecord,))
    result = ended(once.enqueue(author))
    assert result.errors[0].exception_class is MissingRecord


@pytest.mark.django_db(transaction=True)
def test_a_task_may_be_discarded_where_its_row_is_gone(backend: JobBackend) -> None:
    author = Author.objects.create(name="Ada")
    Author.objects.all().delete()
    result = ended(tasks.greet_if_there.enqueue(author))
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    assert record.state is State.DISCARDED


Enqueue = Callable[[Any], object]
WAYS: dict[str, Enqueue] = {
    "enqueue": tasks.note.enqueue,
    "bulk": lambda value: tasks.note.bulk_enqueue([["fine"], [value]]),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_travel_is_refused_with_its_path(backend: JobBackend, way: str) -> None:
    with pytest.raises(UnserializableArgument, match=r"args\[0\]\['items'\]\[1\]"):
        WAYS[way]({"items": [1, object()]})
    assert tasks.seen == []


@pytest.mark.parametrize("way", WAYS)
def test_a_payload_that_is_too_large_is_refused(start: Start, way: str) -> None:
    start(max_payload=1000)
    WAYS[way]("x" * 900)
    tasks.seen.clear()
    with pytest.raises(PayloadTooLarge, match=r"1,0\d\d bytes.*1,000.*max_payload.*'default'"):
        WAYS[way]("x" * 1000)
    assert "x" * 1000 not in tasks.seen


def test_bytes_are_counted_not_letters(configure: Configure) -> None:
    configure("dummy", max_payload=1000)
    with pytest.raises(PayloadTooLarge):
        tasks.note.enqueue("ä" * 600)
