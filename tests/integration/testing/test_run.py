"""`run_enqueued` runs what waits, in the test itself."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.utils.timezone import now

from django_jobs.backends import JobBackend
from django_jobs.compat import TaskResultStatus, task_backends
from django_jobs.errors import TaskNotFound
from django_jobs.testing import (
    assert_enqueued,
    assert_not_enqueued,
    enqueued_jobs,
    run_enqueued,
)
from tests.apps.library.models import Author
from tests.integration.testing import tasks

pytestmark = pytest.mark.usefixtures("waiting")


def states() -> dict[str, int]:
    """How many jobs are in which state, for those that have any."""
    backend = task_backends["default"]
    assert isinstance(backend, JobBackend)
    counts = backend.broker.inspection.counts()
    return {state.value: number for state, number in counts.items() if number}


def test_jobs_run_here_in_order_of_priority() -> None:
    tasks.note.enqueue("second")
    tasks.note.using(priority=5).enqueue("first")
    here = tasks.thread.enqueue()
    ran = run_enqueued()
    assert cache.get("notes") == ["first", "second"]
    assert [result.status for result in ran] == [TaskResultStatus.SUCCESSFUL] * 3
    assert {result.id: result.return_value for result in ran}[here.id] == threading.get_ident()
    assert run_enqueued() == []


def test_jobs_of_all_queues_and_coroutines_run() -> None:
    tasks.note.using(queue_name="low").enqueue("low")
    tasks.note.using(queue_name="critical").enqueue("critical")
    tasks.later.enqueue("Hello")
    assert {result.return_value for result in run_enqueued()} == {
        "low",
        "critical",
        "Hello, asynchronously",
    }


@pytest.mark.django_db
def test_what_jobs_enqueue_runs_in_turn() -> None:
    tasks.note_twice.using(enqueue_on_commit=False).enqueue("hello")
    tasks.note_and_roll_back.using(enqueue_on_commit=False).enqueue("never")
    assert [result.task.name for result in run_enqueued()] == [
        "note_twice",
        "note_and_roll_back",
        "note",
        "note",
    ]
    assert cache.get("notes") == ["hello once", "hello twice"]


@pytest.mark.django_db
def test_callbacks_of_the_test_itself_are_left_alone() -> None:
    done: list[str] = []
    transaction.on_commit(lambda: done.append("the test's"))
    tasks.note_twice.using(enqueue_on_commit=False).enqueue("hello")
    run_enqueued()
    assert done == []
    assert len(connection.run_on_commit) == 1


@pytest.mark.django_db
def test_jobs_see_the_rows_of_the_test() -> None:
    author = Author.objects.create(name="Ada")
    tasks.rename.using(enqueue_on_commit=False).enqueue(author, "Bob")
    run_enqueued()
    author.refresh_from_db()
    assert author.name == "Bob"


@pytest.mark.django_db(transaction=True)
def test_it_is_the_same_without_a_transaction_around_the_test() -> None:
    author = Author.objects.create(name="Ada")
    tasks.rename.enqueue(author, "Bob")
    tasks.note_twice.enqueue("hello")
    assert len(run_enqueued()) == 4
    author.refresh_from_db()
    assert author.name == "Bob"


# --- errors -------------------------------------------------------------------------------------


def test_an_error_comes_out_and_what_is_behind_waits_on() -> None:
    tasks.fail.enqueue("out of ink")
    tasks.note.enqueue("behind")
    with pytest.raises(RuntimeError, match="out of ink") as raised:
        run_enqueued()
    assert raised.traceback[-1].name == "fail"
    assert_enqueued(tasks.note)
    assert states() == {"retrying": 1, "queued": 1}
    assert len(run_enqueued()) == 1


def test_errors_can_stay_with_their_jobs() -> None:
    result = tasks.fail.enqueue()
    tasks.note.enqueue("behind")
    assert len(run_enqueued(raise_errors=False)) == 2
    result.refresh()
    assert result.errors[0].exception_class is RuntimeError
    assert states() == {"retrying": 1, "succeeded": 1}


def test_what_the_task_has_a_rule_for_is_no_error() -> None:
    tasks.refuse.enqueue()
    tasks.miss.enqueue()
    tasks.ask_for_more_time.enqueue()
    assert len(run_enqueued()) == 3
    assert states() == {"discarded": 2, "retrying": 1}


def test_a_job_whose_task_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks.note.enqueue("hello")
    monkeypatch.delattr(tasks, "note")
    monkeypatch.setattr("django_jobs.tasks.registry._found", {})
    with pytest.raises(TaskNotFound, match="has no 'note'"):
        run_enqueued()


# --- retries and schedules ------------------------------------------------------------------------


def test_failed_jobs_are_tried_again_if_asked() -> None:
    tasks.succeed_at_last.enqueue()
    [result] = run_enqueued(retries=True)
    assert result.return_value == 3
    assert result.attempts == 3
    assert len(result.errors) == 2


def test_of_several_attempts_the_last_error_comes_out() -> None:
    result = tasks.fail.enqueue("for good")
    with pytest.raises(RuntimeError, match="for good"):
        run_enqueued(retries=True)
    result.refresh()
    assert result.attempts == 3
    assert states() == {"dead": 1}


def test_jobs_whose_time_has_not_come_run_if_asked() -> None:
    tasks.note.using(run_after=timedelta(days=30)).enqueue("next month")
    assert run_enqueued() == []
    assert_enqueued(tasks.note)
    assert len(run_enqueued(scheduled=True)) == 1
    assert cache.get("notes") == ["next month"]
    assert_not_enqueued()


@pytest.mark.parametrize("as_datetime", [False, True], ids=["timedelta", "datetime"])
def test_jobs_that_are_due_by_a_time_run_in_the_order_of_their_times(*, as_datetime: bool) -> None:
    for days in (3, 1, 2, 30):
        tasks.note.using(run_after=timedelta(days=days)).enqueue(f"in {days} days")
    until = timedelta(days=3, minutes=1)
    ran = run_enqueued(until=now() + until if as_datetime else until)
    assert [job.return_value for job in ran] == ["in 1 days", "in 2 days", "in 3 days"]
    assert_enqueued(tasks.note, args=["in 30 days"])


@pytest.mark.django_db(transaction=True)
def test_what_a_job_enqueues_runs_before_what_is_due_later() -> None:
    tasks.note_twice.using(run_after=timedelta(days=1)).enqueue("day 1")
    tasks.note.using(run_after=timedelta(days=2)).enqueue("day 2")
    run_enqueued(until=timedelta(days=2))
    assert cache.get("notes") == ["day 1 once", "day 1 twice", "day 2"]


def test_retries_that_are_due_by_a_time_run_and_the_error_waits_for_the_last() -> None:
    result = tasks.succeed_at_last.enqueue()  # an hour between the attempts
    [ran] = run_enqueued(until=timedelta(hours=4))
    assert ran.return_value == 3
    assert result.id == ran.id


def test_an_error_comes_out_if_the_next_attempt_is_due_later() -> None:
    result = tasks.fail.enqueue("not yet")
    with pytest.raises(RuntimeError, match="not yet"):
        run_enqueued(until=timedelta(minutes=90))
    result.refresh()
    assert result.attempts == 2
    assert states() == {"retrying": 1}


def test_a_time_that_has_passed_runs_nothing_early() -> None:
    tasks.note.using(run_after=timedelta(days=1)).enqueue("tomorrow")
    assert run_enqueued(until=timedelta(0)) == []
    assert run_enqueued(until=now() - timedelta(days=9)) == []


def test_a_job_whose_result_is_not_kept_runs_as_well() -> None:
    tasks.note.using(result_ttl=0).enqueue("gone")
    assert run_enqueued() == []
    assert cache.get("notes") == ["gone"]


def test_jobs_without_an_end_are_stopped() -> None:
    tasks.forever.enqueue()
    with pytest.raises(AssertionError, match="20 attempts, and there are still jobs: do they"):
        run_enqueued(limit=20)
    assert len(enqueued_jobs()) == 1


def test_the_limit_itself_is_allowed() -> None:
    tasks.note.enqueue("a")
    tasks.note.enqueue("b")
    assert len(run_enqueued(limit=2)) == 2
