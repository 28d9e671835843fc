"""Assertions about enqueued jobs, and their messages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from django_jobs.clock import now_ms
from django_jobs.errors import UnserializableArgument
from django_jobs.testing import (
    assert_enqueued,
    assert_not_enqueued,
    enqueued_jobs,
    override_backend,
)
from tests.apps.library.models import Author
from tests.integration.testing import tasks

TOMORROW = datetime(2099, 1, 2, 8, tzinfo=UTC)


def wait_for_the_clock() -> None:
    """Wait for another millisecond: what is enqueued in the same one has no order."""
    now = now_ms()
    while now_ms() == now:
        pass


Capture = Callable[..., AbstractContextManager[list[Any]]]


@pytest.mark.usefixtures("waiting")
def test_jobs_are_listed_in_the_order_of_their_enqueueing() -> None:
    tasks.note.enqueue("a")
    wait_for_the_clock()
    tasks.note.using(run_after=timedelta(days=1)).enqueue("b", loud=True)
    wait_for_the_clock()
    tasks.refuse.enqueue()
    assert [(job.task.name, job.args, job.kwargs) for job in enqueued_jobs()] == [
        ("note", ["a"], {}),
        ("note", ["b"], {"loud": True}),
        ("refuse", [], {}),
    ]
    assert [job.args for job in enqueued_jobs(tasks.note)] == [["a"], ["b"]]
    assert enqueued_jobs(tasks.fail) == []


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"args": ["hello"]},
        {"args": ("hello",), "kwargs": {"loud": True}},
        {"queue_name": "low"},
        {"priority": 7},
        {"run_after": TOMORROW},
        {"queue_name": "low", "priority": 7, "kwargs": {"loud": True}},
    ],
)
def test_a_job_that_was_enqueued_is_found(expected: dict[str, Any]) -> None:
    changed = tasks.note.using(queue_name="low", priority=7, run_after=TOMORROW)
    enqueued = changed.enqueue("hello", loud=True)
    assert assert_enqueued(tasks.note, **expected).id == enqueued.id
    assert assert_enqueued(changed, **expected).id == enqueued.id
    with pytest.raises(AssertionError, match=r"^A job of tests\.integration\.testing\.tasks\.note"):
        assert_not_enqueued(tasks.note, **expected)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"args": []}, "with args ()"),
        ({"args": ["hello", 1]}, "with args ('hello', 1)"),
        ({"kwargs": {}}, "with kwargs {}"),
        ({"queue_name": "default"}, "in the queue 'default'"),
        ({"priority": 0}, "with priority 0"),
        ({"run_after": None}, "with run_after None"),
        ({"run_after": timedelta(hours=1)}, "with run_after 1:00:00"),
        ({"run_after": TOMORROW}, "with run_after 2099-01-02 08:00:00+00:00"),
    ],
)
def test_a_failed_assertion_lists_the_jobs_that_were_enqueued(
    expected: dict[str, Any], words: str
) -> None:
    later = TOMORROW + timedelta(seconds=2)
    changed = tasks.note.using(queue_name="low", priority=7, run_after=later)
    changed.enqueue("hello", loud=True)
    wait_for_the_clock()
    tasks.refuse.enqueue()
    assert_not_enqueued(tasks.note, **expected)
    with pytest.raises(AssertionError) as failed:
        assert_enqueued(tasks.note, **expected)
    assert str(failed.value) == (
        f"No job of tests.integration.testing.tasks.note {words} was enqueued. These jobs were:\n"
        "  tests.integration.testing.tasks.note('hello', loud=True), queue 'low', priority 7,"
        " run_after 2099-01-02 08:00:02 UTC\n"
        "  tests.integration.testing.tasks.refuse(), queue 'default', priority 0"
    )


@pytest.mark.usefixtures("waiting")
def test_where_nothing_was_enqueued_it_is_said() -> None:
    assert_not_enqueued()
    with pytest.raises(AssertionError) as failed:
        assert_enqueued(tasks.note)
    assert (
        str(failed.value)
        == "No job of tests.integration.testing.tasks.note was enqueued. No job was."
    )


@pytest.mark.usefixtures("waiting")
def test_that_nothing_was_enqueued_can_fail() -> None:
    tasks.refuse.enqueue()
    with pytest.raises(AssertionError, match=r"^A job was enqueued\. These jobs were:\n  tests"):
        assert_not_enqueued()
    assert_not_enqueued(queue_name="low")


@pytest.mark.usefixtures("waiting")
def test_a_timedelta_counts_from_the_enqueueing() -> None:
    tasks.refuse.using(run_after=timedelta(hours=1)).enqueue()
    assert_enqueued(tasks.refuse, run_after=timedelta(hours=1))
    assert_not_enqueued(tasks.refuse, run_after=timedelta(hours=1, seconds=3))
    tasks.note.enqueue("now")
    assert_enqueued(tasks.note, run_after=None)


@pytest.mark.usefixtures("waiting")
@pytest.mark.django_db
def test_arguments_are_compared_as_what_they_were() -> None:
    author = Author.objects.create(name="Ada")
    tasks.rename.using(enqueue_on_commit=False).enqueue(author, name="Bob")
    tasks.bill.using(enqueue_on_commit=False).enqueue(
        Decimal("1.50"), date(2026, 1, 2), lines=(1, 2)
    )
    assert_enqueued(tasks.rename, args=[author], kwargs={"name": "Bob"})
    assert_enqueued(tasks.bill, args=[Decimal("1.50"), date(2026, 1, 2)], kwargs={"lines": (1, 2)})
    assert_not_enqueued(tasks.bill, args=["1.50", "2026-01-02"])
    with pytest.raises(UnserializableArgument, match="args"):
        assert_enqueued(tasks.rename, args=[object()])


@pytest.mark.parametrize("kind", ["async", "inline"])
def test_backends_that_run_jobs_by_themselves_are_refused(kind: str) -> None:
    with override_backend(kind), pytest.raises(AssertionError) as refused:
        assert_not_enqueued()
    assert "runs jobs by itself" in str(refused.value)
    assert '@override_backend("dummy")' in str(refused.value)


@pytest.mark.django_db
@pytest.mark.usefixtures("waiting")
def test_a_commit_that_never_comes_is_told(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    tasks.refuse.enqueue()
    with pytest.raises(AssertionError) as failed:
        assert_enqueued(tasks.refuse)
    assert "Jobs wait for a commit (1)" in str(failed.value)
    assert "captureOnCommitCallbacks(execute=True)" in str(failed.value)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.refuse.enqueue()
    assert_enqueued(tasks.refuse)


@pytest.mark.django_db
@pytest.mark.usefixtures("waiting")
def test_nothing_is_said_of_a_commit_after_a_capture(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tasks.refuse.enqueue()
        tasks.bill.enqueue(Decimal("1.50"), date(2026, 1, 2))
        transaction.on_commit(lambda: None)

    with pytest.raises(AssertionError) as failed:
        assert_enqueued(tasks.bill, args=[2])

    assert "These jobs were:" in str(failed.value)
    assert "commit" not in str(failed.value)


@pytest.mark.django_db
@pytest.mark.usefixtures("waiting")
def test_an_own_callback_that_did_not_run_is_told() -> None:
    transaction.on_commit(tasks.refuse.enqueue)
    with pytest.raises(AssertionError) as failed:
        assert_enqueued(tasks.refuse)
    assert "callbacks of on_commit() only run inside self.captureOnCommitCallbacks" in (
        str(failed.value)
    )
