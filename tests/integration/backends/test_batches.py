"""Batches, as those meet them who write them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from django_jobs import Batch, Unique, Workflow
from django_jobs.backends import JobBackend
from django_jobs.brokers.memory import memberships
from django_jobs.compat import BaseTaskBackend, task_enqueued
from django_jobs.errors import BatchEnded, BatchNotFound
from django_jobs.jobs.batches import BatchCounts, BatchState
from django_jobs.jobs.metadata import UnusableMetadata
from django_jobs.jobs.records import State
from django_jobs.testing import run_enqueued
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.driver import Driver
from tests.support.waiting import DEADLINE, wait_until

committing = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["thread_pool", "redis"])
def waiting(configure: Configure, request: pytest.FixtureRequest) -> JobBackend:
    """A backend without a worker."""
    return configure("dummy" if request.param == "thread_pool" else "redis")


def counts(backend: JobBackend) -> dict[State, int]:
    return {state: count for state, count in backend.broker.inspection.counts().items() if count}


def enqueue_and_fail(batch: Batch) -> None:
    with batch:
        batch.enqueue(tasks.note, 1)
        raise ZeroDivisionError


# --- with workers -------------------------------------------------------------------------------


def test_a_callback_follows_its_members(backend: JobBackend) -> None:
    with Batch(on_success=tasks.note_success, name="import") as batch:
        results = [batch.enqueue(tasks.repeat, "a", number) for number in range(3)]
        batch.bulk_enqueue(tasks.note, [[1], [2]])

    wait_until(lambda: "success of import" in tasks.seen, "the callback")

    batch.refresh()
    assert batch.counts == BatchCounts(total=5, succeeded=5)
    assert batch.state is BatchState.SUCCEEDED
    assert batch.ended_at is not None
    assert batch.ended_at >= batch.opened_at
    results[2].refresh()
    assert results[2].return_value == "aa"


def test_an_empty_batch_starts_its_callbacks(backend: JobBackend) -> None:
    with Batch(on_success=tasks.note_success, on_end=tasks.note_batch, name="nothing"):
        pass

    wait_until(lambda: len(tasks.seen) == 2, "the callbacks")

    assert set(tasks.seen) == {"success of nothing", ("end", "succeeded")}


def test_a_job_opens_a_batch_of_its_own(backend: JobBackend) -> None:
    tasks.open_batch.enqueue(2)

    wait_until(lambda: "success of inner" in tasks.seen, "the callback")

    assert {0, 1} <= set(tasks.seen)


def test_members_add_members(backend: JobBackend) -> None:
    with Batch(on_success=tasks.note_success, name="growing") as batch:
        batch.enqueue(tasks.add_members, batch.id, 3)

    wait_until(lambda: "success of growing" in tasks.seen, "the callback")

    assert Batch.get(batch.id).counts == BatchCounts(total=4, succeeded=4)
    assert tasks.seen[-1] == "success of growing"
    assert set(tasks.seen) >= {"adder", "added 0", "added 1", "added 2"}


# --- run by a test ------------------------------------------------------------------------------


def test_a_member_adds_members_from_threads(backend: JobBackend) -> None:
    with Batch(on_success=tasks.note_success, name="threads") as batch:
        batch.enqueue(tasks.add_members_in_threads, batch.id, [*"abcdefgh"])

    wait_until(lambda: "success of threads" in tasks.seen, "the callback")

    batch.refresh()
    assert batch.counts == BatchCounts(total=25, succeeded=25)
    assert sorted(tasks.seen)[:24] == [f"{name}{n}" for name in "abcdefgh" for n in (1, 2, 3)]


def test_a_test_runs_a_batch_to_its_end(waiting: JobBackend) -> None:
    with Batch(on_success=tasks.note_success, name="import") as batch:
        batch.enqueue(tasks.note, 1)

    ran = run_enqueued()

    assert [result.task.name for result in ran] == ["note", "note_success"]
    assert tasks.seen == [1, "success of import"]


def test_callbacks_after_a_death(waiting: JobBackend) -> None:
    with Batch(
        on_success=tasks.note_success,
        on_end=tasks.note_batch,
        on_death=tasks.note_death,
        name="import",
        metadata={"callback": "clean up"},
    ) as batch:
        batch.enqueue(tasks.fail, "value")
        batch.enqueue(tasks.note, 1)

    run_enqueued(raise_errors=False, retries=True)

    assert tasks.seen[-2:] == ["death in import", ("clean up", "failed")]
    batch.refresh()
    assert batch.counts == BatchCounts(total=2, succeeded=1, dead=1)
    assert counts(waiting)[State.WAITING] == 1  # of the success, which a retry may bring


def test_dead_members_are_retried_from_the_batch(waiting: JobBackend) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.fail, "value")
    run_enqueued(raise_errors=False, retries=True)

    assert Batch.get(batch.id).retry_dead() == 1
    assert Batch.get(batch.id).counts == BatchCounts(total=1, open=1)


def test_a_cancelled_batch_runs_no_more_members(waiting: JobBackend) -> None:
    with Batch(on_end=tasks.note_batch) as batch:
        batch.bulk_enqueue(tasks.note, [[1], [2]])

    assert batch.cancel()
    assert not batch.cancel()
    run_enqueued()

    assert tasks.seen == [("end", "failed")]


def test_an_error_in_the_block_cancels_the_batch(waiting: JobBackend) -> None:
    batch = Batch()
    with pytest.raises(ZeroDivisionError):
        enqueue_and_fail(batch)

    run_enqueued()

    assert tasks.seen == []
    assert Batch.get(batch.id).record.is_cancelled


def test_inline_members_and_callbacks_run_where_they_are_enqueued(configure: Configure) -> None:
    configure("inline")

    with Batch(on_success=tasks.note_success, on_end=tasks.note_batch, name="import") as batch:
        batch.enqueue(tasks.add_members, batch.id, 1)
        assert tasks.seen == ["added 0", "adder"]

    assert tasks.seen[2:] == ["success of import", ("end", "succeeded")]


def test_inline_a_death_is_noticed_at_once(configure: Configure) -> None:
    configure("inline")

    with Batch(on_death=tasks.note_death, name="import") as batch:
        batch.enqueue(tasks.fail, "value")
        assert tasks.seen[-1] == "death in import"


def test_a_coroutine_opens_a_batch(configure: Configure) -> None:
    configure("dummy")

    async def enqueue() -> Batch:
        async with Batch(on_success=tasks.note_success, name="async") as batch:
            await batch.aenqueue(tasks.note, 1)
            await batch.abulk_enqueue(tasks.note, [[2]])
        await batch.arefresh()
        return batch

    batch = asyncio.run(enqueue())

    assert batch.counts.total == 2
    run_enqueued()
    assert tasks.seen == [1, 2, "success of async"]


def test_members_are_announced_as_jobs_are(waiting: JobBackend) -> None:
    heard: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append(task_result.id)

    task_enqueued.connect(receive)
    try:
        with Batch() as batch:
            result = batch.enqueue(tasks.note, 1)
    finally:
        task_enqueued.disconnect(receive)

    assert heard == [result.id]


# --- transactions -------------------------------------------------------------------------------


@committing
def test_in_a_transaction_everything_waits_for_the_commit(waiting: JobBackend) -> None:
    with transaction.atomic():
        with Batch(on_success=tasks.note_success, name="import") as batch:
            # What the task itself says does not count: the batch is not there yet.
            batch.enqueue(tasks.note.using(enqueue_on_commit=False), 1)
        assert counts(waiting) == {}
        with pytest.raises(BatchNotFound, match="waits for a commit"):
            Batch.get(batch.id)

    assert counts(waiting) == {State.QUEUED: 1, State.WAITING: 1}
    run_enqueued()
    assert tasks.seen == [1, "success of import"]


@committing
def test_a_rollback_leaves_nothing_of_a_batch(waiting: JobBackend) -> None:
    batch = Batch(on_success=tasks.note_success)
    with transaction.atomic():
        with batch:
            batch.enqueue(tasks.note, 1)
        transaction.set_rollback(True)

    assert counts(waiting) == {}
    with pytest.raises(BatchNotFound):
        Batch.get(batch.id)


@committing
def test_members_of_a_block_that_is_rolled_back_are_left_out(waiting: JobBackend) -> None:
    with Batch(on_success=tasks.note_success, name="import") as batch:
        batch.enqueue(tasks.note, 1)
        with transaction.atomic():
            batch.enqueue(tasks.note, 2)
            transaction.set_rollback(True)

    run_enqueued()

    assert tasks.seen == [1, "success of import"]


@committing
def test_an_error_that_is_caught_in_the_transaction_cancels_the_batch(waiting: JobBackend) -> None:
    batch = Batch()
    with transaction.atomic(), pytest.raises(ZeroDivisionError):
        enqueue_and_fail(batch)

    run_enqueued()
    assert tasks.seen == []
    assert Batch.get(batch.id).record.is_cancelled


# --- refused ------------------------------------------------------------------------------------


def test_after_the_block_nobody_adds_members(waiting: JobBackend) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.note, 1)

    with pytest.raises(BatchEnded, match=batch.id):
        batch.enqueue(tasks.note, 2)
    with pytest.raises(BatchEnded):
        batch.bulk_enqueue(tasks.note, [[2]])
    with pytest.raises(BatchEnded):
        Batch.get(batch.id).enqueue(tasks.note, 2)
    with pytest.raises(BatchEnded), batch:
        pass


def test_before_the_block_nobody_adds_members(waiting: JobBackend) -> None:
    with pytest.raises(BatchEnded):
        Batch().enqueue(tasks.note, 1)


def test_a_job_adds_no_members_to_a_batch_that_is_not_its_own(waiting: JobBackend) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.note, 1)
    tasks.add_members.enqueue(batch.id, 1)

    with pytest.raises(BatchEnded):
        run_enqueued()


def test_an_unknown_batch_is_not_found(waiting: JobBackend) -> None:
    with pytest.raises(BatchNotFound, match="no batch 'unknown' in TASKS\\['default'\\]"):
        Batch.get("unknown")


def test_what_does_not_fit_is_refused_where_it_is_written(configure: Configure) -> None:
    configure("dummy", aliases={"other": {"BACKEND": "django_jobs.backends.DummyBackend"}})

    with pytest.raises(ImproperlyConfigured, match="is no task"):
        Batch(on_end=print)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="id of the batch as its only argument"):
        Batch(on_end=tasks.repeat)
    with pytest.raises(ImproperlyConfigured, match="has unique="):
        Batch(on_success=tasks.note.using(unique=Unique()))
    with pytest.raises(ImproperlyConfigured, match="has expires="):
        Batch(on_death=tasks.note.using(expires=5))
    with pytest.raises(ImproperlyConfigured, match=r"belongs to TASKS\['other'\]"):
        Batch(on_end=tasks.note.using(backend="other"))
    with pytest.raises(ImproperlyConfigured, match="at most 200 characters"):
        Batch(name="n" * 201)
    with pytest.raises(UnusableMetadata):
        Batch(metadata={"a": object()})
    with (
        pytest.raises(ImproperlyConfigured, match=r"belongs to TASKS\['other'\]"),
        Batch() as batch,
    ):
        batch.enqueue(tasks.note.using(backend="other"), 1)


def test_a_backend_of_another_package_has_no_batches(settings: Any) -> None:
    foreign = BaseTaskBackend.__module__.replace("base", "immediate")
    settings.TASKS = {"default": {"BACKEND": f"{foreign}.ImmediateBackend"}}

    with pytest.raises(ImproperlyConfigured, match="has no batches"):
        Batch()


# --- waiting for the end --------------------------------------------------------------------------


def test_a_test_waits_for_the_end(backend: JobBackend) -> None:
    with Batch() as batch:
        batch.bulk_enqueue(tasks.note, [[1], [2]])

    assert batch.wait(timeout=DEADLINE) is BatchState.SUCCEEDED
    assert batch.counts.succeeded == 2


@pytest.mark.usefixtures("waiting")
def test_waiting_gives_up_where_nobody_runs_the_jobs() -> None:
    with Batch() as batch:
        batch.enqueue(tasks.note, 1)

    with pytest.raises(TimeoutError, match="1 of 1 jobs of the batch"):
        batch.wait(timeout=0)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "timeout", ["x", None, -1, True, float("nan"), float("inf"), 10**400, [1], timedelta(-1)]
)
@pytest.mark.parametrize("group", [Batch, Workflow])
def test_a_timeout_that_cannot_be_used_is_refused(
    waiting: JobBackend, group: type[Batch | Workflow], timeout: Any
) -> None:
    with pytest.raises(ValueError, match=rf"{group.__name__}\.wait\(timeout=…\): give seconds or"):
        group().wait(timeout)


def test_a_batch_that_is_not_kept_is_not_waited_for() -> None:
    with pytest.raises(BatchNotFound):
        Batch().wait(timeout=DEADLINE)


@pytest.mark.usefixtures("waiting")
def test_a_member_does_not_wait_for_its_own_batch() -> None:
    with Batch() as batch:
        batch.enqueue(tasks.wait_for_batch, batch.id)

    with pytest.raises(RuntimeError, match="waits for the end of the batch"):
        run_enqueued()


def test_the_end_of_a_block_that_was_silent_for_too_long_is_logged(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend = configure("dummy")
    monkeypatch.setattr(memberships, "BATCH_HELD_MS", 0)
    with Batch(on_success=tasks.note_success) as batch:
        batch.enqueue(tasks.note, 1)
        Driver(backend.broker).heartbeat()

    assert batch.record.is_abandoned
    assert f"The batch {batch.id} was given up before its block ended" in caplog.text


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_the_end_of_another_block_is_not_logged(
    waiting: JobBackend, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    with Batch() as batch:
        if how == "cancelled":
            batch.cancel()

    assert "given up" not in caplog.text


@pytest.mark.parametrize("name", ["\ud800", "x" * 201, 7, None, b"x"])
def test_a_name_that_cannot_be_stored_is_refused(waiting: JobBackend, name: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^Batch\(name=.*give a text of at most 200"):
        Batch(name=name)


@pytest.mark.parametrize("metadata", ["", 0, [], False, [["a", 1]], object()])
def test_metadata_that_is_no_dict_is_refused(waiting: JobBackend, metadata: Any) -> None:
    for group in (Batch, Workflow):
        with pytest.raises(UnusableMetadata, match="metadata must be a dict"):
            group(metadata=metadata)


@pytest.mark.parametrize("alias", [None, 5, ["default"], object()])
def test_what_is_no_alias_is_refused(waiting: JobBackend, alias: Any) -> None:
    for group in (Batch, Workflow):
        with pytest.raises(ImproperlyConfigured, match="give an alias of TASKS"):
            group(backend=alias)


@pytest.mark.parametrize("batch_id", ["", "\ud800", "a\x00b", "x" * 10_000_000, 7, None, b"x", []])
def test_what_is_no_id_names_no_batch(waiting: JobBackend, batch_id: Any) -> None:
    with pytest.raises(BatchNotFound) as caught:
        Batch.get(batch_id)
    assert len(str(caught.value)) < 300
