"""Batches in tests: they are run to their end, and assertions know them."""

from __future__ import annotations

from datetime import timedelta

import django
import pytest
from django.db import transaction

from django_jobs import Batch
from django_jobs.jobs.batches import BatchState
from django_jobs.testing import (
    assert_batch_enqueued,
    assert_batch_failed,
    assert_batch_succeeded,
    assert_dead,
    assert_discarded,
    assert_enqueued,
    assert_not_enqueued,
    assert_succeeded,
    override_backend,
    run_enqueued,
)
from tests.integration.testing import tasks

waiting = pytest.mark.usefixtures("waiting")
LATER = timedelta(hours=1)
PACKAGE = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"


def open_batch(name: str = "import", **new: object) -> Batch:
    with Batch(name=name, metadata={"file": "a.csv"}, **new) as batch:  # type: ignore[arg-type]
        batch.bulk_enqueue(tasks.note, [["one"], ["two"]])
    return batch


# --- runs to the end ----------------------------------------------------------------------------


@waiting
def test_callbacks_run_after_the_members() -> None:
    batch = open_batch(on_success=tasks.note, on_end=tasks.note)

    ran = [(job.task.name, job.args) for job in run_enqueued()]

    assert sorted(ran[:2]) == [("note", ["one"]), ("note", ["two"])]
    assert ran[2:] == [("note", [batch.id]), ("note", [batch.id])]


@waiting
def test_the_error_of_a_member_leaves_the_callbacks_for_the_next_run() -> None:
    with Batch(on_end=tasks.note) as batch:
        batch.enqueue(tasks.miss)
        batch.enqueue(tasks.fail)
        batch.enqueue(tasks.note, "last")

    with pytest.raises(RuntimeError, match="broken"):
        run_enqueued(retries=True)
    run_enqueued()

    assert_succeeded(tasks.note, args=[batch.id])
    assert_batch_failed(total=3)


@waiting
def test_members_that_are_scheduled_keep_a_batch_running() -> None:
    with Batch(on_success=tasks.note) as batch:
        batch.enqueue(tasks.note.using(run_after=LATER), "later")

    run_enqueued()
    assert_batch_enqueued()
    run_enqueued(scheduled=True)

    assert_batch_succeeded()
    assert_succeeded(tasks.note, args=[batch.id])


@waiting
def test_a_cancelled_batch_runs_to_its_end() -> None:
    batch = open_batch(on_end=tasks.note)
    batch.cancel()

    assert [job.args for job in run_enqueued()] == [[batch.id]]
    assert assert_batch_failed().counts.discarded == 2


# --- assertions ---------------------------------------------------------------------------------


@waiting
def test_a_batch_that_was_enqueued_is_found_by_what_it_is() -> None:
    batch = open_batch(on_success=tasks.note)

    found = assert_batch_enqueued(
        name="import",
        metadata={"file": "a.csv"},
        total=2,
        on_success=tasks.note,
        on_end=None,
    )

    assert found.id == batch.id
    assert found.counts.open == 2


@waiting
@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"name": "other"}, "named 'other'"),
        ({"metadata": {}}, "with metadata {}"),
        ({"total": 3}, "of 3 jobs"),
        ({"on_success": None}, "with on_success None"),
        ({"on_death": tasks.note}, "with on_death tests.integration.testing.tasks.note"),
    ],
)
def test_what_differs_is_not_found(wanted: dict[str, object], text: str) -> None:
    open_batch(on_success=tasks.note)

    with pytest.raises(AssertionError) as raised:
        assert_batch_enqueued(**wanted)  # type: ignore[arg-type]

    assert str(raised.value) == (
        f"No batch {text} was enqueued. These batches are there:\n"
        "  'import', running: 2 jobs, 2 open"
    )


@waiting
def test_each_end_has_an_assertion() -> None:
    open_batch("good")
    with Batch(name="bad") as batch:
        batch.enqueue(tasks.note, "again")
        batch.enqueue(tasks.fail)
    run_enqueued(retries=True, raise_errors=False)

    assert assert_batch_succeeded(name="good").state is BatchState.SUCCEEDED
    assert assert_batch_failed(metadata={}).counts.dead == 1
    for name in ("good", "bad"):
        with pytest.raises(AssertionError, match=f"No batch named '{name}' was enqueued."):
            assert_batch_enqueued(name=name)
    with pytest.raises(AssertionError) as raised:
        assert_batch_succeeded(name="bad")
    assert "  'bad', failed: 2 jobs, 1 succeeded, 1 dead" in str(raised.value).splitlines()


@waiting
def test_of_several_the_last_one_is_returned() -> None:
    first, second = open_batch("first"), open_batch("second")

    assert assert_batch_enqueued().id in {first.id, second.id}  # of one millisecond, either
    assert assert_batch_enqueued(name="first").id == first.id


@waiting
def test_without_batches_the_message_says_so() -> None:
    for assertion in (assert_batch_enqueued, assert_batch_succeeded, assert_batch_failed):
        with pytest.raises(AssertionError, match=r"There are no batches\."):
            assertion()


@waiting
@pytest.mark.django_db
def test_the_message_says_that_a_batch_waits_for_a_commit() -> None:
    with transaction.atomic():
        open_batch()

        with pytest.raises(AssertionError, match="Jobs wait for a commit"):
            assert_batch_enqueued()


@waiting
def test_members_are_told_from_other_jobs() -> None:
    batch = open_batch()
    with Batch(name="other") as other:
        other.enqueue(tasks.fail)
        other.enqueue(tasks.refuse)
    tasks.note.enqueue("alone")

    assert_enqueued(tasks.note, args=["one"], batch=batch)
    assert_enqueued(tasks.note, args=["alone"], batch=None)
    assert_not_enqueued(tasks.note, batch=other)
    with pytest.raises(AssertionError, match=f"of <Batch {batch.id} 'import'> was enqueued"):
        assert_enqueued(tasks.fail, batch=batch)

    run_enqueued(retries=True, raise_errors=False)
    assert_succeeded(tasks.note, args=["two"], batch=batch)
    assert_dead(tasks.fail, batch=other)
    assert_discarded(tasks.refuse, batch=other)
    with pytest.raises(AssertionError, match="has succeeded"):
        assert_succeeded(tasks.note, args=["two"], batch=None)


@override_backend("inline")
def test_inline_a_batch_ends_with_its_block() -> None:
    batch = open_batch(on_success=tasks.note)

    assert assert_batch_succeeded(name="import").id == batch.id
    assert_succeeded(tasks.note, args=[batch.id])


def test_a_backend_of_another_package_is_named() -> None:
    with (
        override_backend(f"{PACKAGE}.backends.dummy.DummyBackend"),
        pytest.raises(AssertionError, match="is not a backend of django_jobs"),
    ):
        assert_batch_enqueued()
