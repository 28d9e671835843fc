"""Batches: what their members count, when callbacks start, and who may add members."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.batches import PORTION, BatchPlace, RetriedDead
from django_jobs.brokers.constants import (
    BATCH_HELD_MS,
    BATCH_KEPT_MS,
    DEAD_KEPT,
    DEAD_KEPT_MS,
    EDGES_PER_CALL,
    MAX_CRASHES,
    POSTPONED_PER_CALL,
)
from django_jobs.brokers.inspection.base import Inspection, JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.errors import BatchCancelled, BatchEnded
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import (
    BatchCounts,
    BatchRecord,
    BatchState,
    NewBatch,
)
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, Lock, OnConflict, Settlement, State
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    limited,
    make_failure,
    make_job,
    make_jobs,
    postponed,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids

SUCCESS, END, DEATH = BatchEvent.SUCCESS, BatchEvent.END, BatchEvent.DEATH
MINUTE = 60_000


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


def open_batch(broker: Broker, batch_id: str = "b1", **callbacks: Any) -> None:
    """Open a batch with a callback for each event, whose id is the event's name."""
    jobs = {event: make_job(id=f"{batch_id}-{event}", queue="callbacks") for event in BatchEvent}
    broker.batches.open(NewBatch(id=batch_id, callbacks=jobs, **callbacks))


def members(number: int, batch_id: str = "b1", **changes: Any) -> list[Job]:
    return make_jobs(number, batch=batch_id, **changes)


def add(broker: Broker, jobs: list[Job], batch_id: str = "b1") -> list[str]:
    return broker.batches.add(jobs, Membership(batch_id))


def filled(broker: Broker, number: int, batch_id: str = "b1", **changes: Any) -> list[Job]:
    """Open a batch, add members, and close it."""
    open_batch(broker, batch_id)
    jobs = members(number, batch_id, **changes)
    add(broker, jobs, batch_id)
    broker.batches.close(batch_id)
    return jobs


def read(broker: Broker, batch_id: str = "b1") -> BatchRecord:
    record = broker.batches.find(batch_id)
    assert record is not None
    return record


def started(worker: Driver) -> list[str]:
    """The callbacks that a worker is given now."""
    return [claim.job.id.removeprefix("b1-") for claim in worker.take(10, "callbacks")]


# --- opening and adding -------------------------------------------------------------------------


def test_a_new_batch_is_open_and_has_no_members(broker: Broker, clock: Clock) -> None:
    open_batch(broker, name="import", metadata='{"file":"a.csv"}')

    record = read(broker)

    assert (record.name, record.metadata) == ("import", '{"file":"a.csv"}')
    assert (record.state, record.counts) == (BatchState.OPEN, BatchCounts())
    assert (record.opened_at, record.ended_at) == (clock.now(), None)
    assert record.callbacks == {event: f"b1-{event}" for event in BatchEvent}


def test_callbacks_wait(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    open_batch(broker)

    assert inspection.counts()[State.WAITING] == 3
    assert found(inspection, "b1-end").state is State.WAITING
    assert not w1.take(10, "callbacks")


def test_a_batch_without_callbacks_only_counts(broker: Broker, w1: Driver) -> None:
    broker.batches.open(NewBatch(id="b1"))
    add(broker, members(1))
    broker.batches.close("b1")

    w1.settle(succeeded(w1.take_one()))

    assert read(broker).state is BatchState.SUCCEEDED


def test_opening_it_twice_changes_nothing(broker: Broker) -> None:
    open_batch(broker)
    add(broker, members(1))

    open_batch(broker)

    assert read(broker).counts.total == 1


def test_members_are_counted_when_they_are_stored(broker: Broker, inspection: Inspection) -> None:
    open_batch(broker)
    jobs = members(3)

    assert add(broker, jobs) == [job.id for job in jobs]

    assert read(broker).counts == BatchCounts(total=3, open=3)
    assert found(inspection, jobs[0].id).job.batch == "b1"


def test_a_job_that_is_known_is_counted_once(broker: Broker) -> None:
    open_batch(broker)
    jobs = members(2)
    add(broker, jobs)

    add(broker, [*jobs, *members(1)])

    assert read(broker).counts.total == 3


def test_members_wait_for_their_time(broker: Broker, clock: Clock, w1: Driver) -> None:
    filled(broker, 1, run_at=clock.now() + MINUTE)
    assert not w1.take()

    clock.advance(MINUTE)
    w1.settle(succeeded(w1.take_one()))

    assert read(broker).counts.succeeded == 1


def test_a_claim_says_of_which_batch_its_job_is_a_member(broker: Broker, w1: Driver) -> None:
    filled(broker, 1)
    broker.push([make_job(metadata='{"a":1}')])

    first, second = w1.take(2)

    assert (first.job.batch, first.job.metadata) == ("b1", "")
    assert (second.job.batch, second.job.metadata) == ("", '{"a":1}')


def test_no_members_are_nothing(broker: Broker) -> None:
    open_batch(broker)

    assert add(broker, []) == []
    assert read(broker).counts.total == 0


@pytest.mark.parametrize("how", ["unknown", "closed", "ended", "cancelled"])
def test_a_batch_that_takes_no_members_refuses_them(
    broker: Broker, inspection: Inspection, w1: Driver, how: str
) -> None:
    if how != "unknown":
        filled(broker, 1)
    if how == "ended":
        w1.settle(succeeded(w1.take_one()))
    if how == "cancelled":
        broker.batches.cancel("b1")
    before = inspection.counts()

    with pytest.raises(BatchEnded, match="b1") as caught:
        add(broker, members(2))

    assert caught.value.batch == "b1"
    assert inspection.counts() == before


def test_a_running_member_adds_members(broker: Broker, w1: Driver) -> None:
    filled(broker, 1)
    claim = w1.take_one()

    broker.batches.add(members(2), Membership("b1", claim.job.id, claim.token))
    w1.settle(succeeded(claim))

    assert read(broker).counts == BatchCounts(total=3, open=2, succeeded=1)
    assert started(w1) == []


@pytest.mark.parametrize("how", ["settled", "lost", "older claim", "of another batch"])
def test_who_does_not_run_as_a_member_adds_none(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, how: str
) -> None:
    filled(broker, 2)
    filled(broker, 1, "b2", queue="other")
    claim = w1.take_one()
    match how:
        case "settled":
            w1.settle(succeeded(claim))
        case "lost":
            w1.vanish(clock, noticed_by=w2)
        case "older claim":
            w1.settle(given_back(claim))
            w2.take(2)
        case _:
            claim = w1.take_one("other")

    with pytest.raises(BatchEnded):
        broker.batches.add(members(1), Membership("b1", claim.job.id, claim.token))


def test_a_unique_job_that_is_merged_is_no_member(broker: Broker) -> None:
    broker.push([make_job(id="holder", lock=Lock("d1"))])
    open_batch(broker)

    jobs = [*members(1), *members(1, lock=Lock("d1")), *members(1, lock=Lock("d2"))]

    assert add(broker, jobs) == [jobs[0].id, "holder", jobs[2].id]
    assert read(broker).counts.total == 2


def test_a_member_that_is_replaced_stays_a_member(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    lock = Lock("d1", on_conflict=OnConflict.REPLACE)
    filled(broker, 1, id="a", lock=lock)

    assert broker.push([make_job(id="b", lock=lock, arguments='{"args":[1],"kwargs":{}}')]) == ["a"]

    assert found(inspection, "a").job.batch == "b1"
    w1.settle(succeeded(w1.take_one()))
    assert read(broker).state is BatchState.SUCCEEDED


# --- the end ------------------------------------------------------------------------------------


def test_the_last_end_starts_the_callbacks(broker: Broker, clock: Clock, w1: Driver) -> None:
    filled(broker, 2)
    first, second = w1.take(2)

    w1.settle(succeeded(first))
    assert started(w1) == []
    w1.settle(succeeded(second))

    assert started(w1) == ["success", "end"]
    record = read(broker)
    assert (record.state, record.ended_at) == (BatchState.SUCCEEDED, clock.now())
    assert record.counts == BatchCounts(total=2, succeeded=2)
    assert record.happened == {SUCCESS, END}


def test_all_that_end_in_one_call_are_counted(broker: Broker, w1: Driver) -> None:
    filled(broker, 5)
    filled(broker, 2, "b2")
    claims = w1.take(7)

    w1.settle(*map(succeeded, claims))

    assert read(broker).counts == BatchCounts(total=5, succeeded=5)
    assert read(broker, "b2").counts == BatchCounts(total=2, succeeded=2)


def test_an_open_batch_does_not_end(broker: Broker, w1: Driver) -> None:
    open_batch(broker)
    add(broker, members(1))
    w1.settle(succeeded(w1.take_one()))
    assert read(broker).state is BatchState.OPEN
    assert started(w1) == []

    broker.batches.close("b1")

    assert started(w1) == ["success", "end"]


def test_an_empty_batch_ends_when_it_is_closed(broker: Broker, w1: Driver) -> None:
    open_batch(broker)
    broker.batches.close("b1")

    assert started(w1) == ["success", "end"]
    assert read(broker).state is BatchState.SUCCEEDED


def test_closing_it_twice_changes_nothing(broker: Broker, w1: Driver) -> None:
    open_batch(broker)
    broker.batches.close("b1")
    broker.batches.close("b1")
    broker.batches.close("unknown")

    assert started(w1) == ["success", "end"]


def test_the_callback_for_a_death_is_gone_after_a_success(
    broker: Broker, inspection: Inspection
) -> None:
    open_batch(broker)
    broker.batches.close("b1")

    assert inspection.find("b1-death") is None
    assert inspection.counts()[State.WAITING] == 0


def test_the_first_death_starts_its_callback(broker: Broker, w1: Driver) -> None:
    filled(broker, 3)
    first, second, third = w1.take(3)

    w1.settle(dead(first))
    assert started(w1) == ["death"]
    w1.settle(dead(second))
    assert started(w1) == []
    w1.settle(succeeded(third))

    assert started(w1) == ["end"]
    record = read(broker)
    assert (record.state, record.happened) == (BatchState.FAILED, frozenset({DEATH, END}))
    assert record.counts == BatchCounts(total=3, succeeded=1, dead=2)


def test_a_job_discarded_by_its_own_wish_is_as_good_as_a_success(
    broker: Broker, w1: Driver
) -> None:
    filled(broker, 1)

    w1.settle(discarded(w1.take_one(), failure=make_failure(exception="shop.errors.NoSuchRow")))

    assert started(w1) == ["success", "end"]
    assert read(broker).counts == BatchCounts(total=1, discarded=1)


@pytest.mark.parametrize(
    "error", ["django_jobs.errors.JobExpired", "django_jobs.errors.JobCancelled"]
)
def test_a_job_discarded_against_its_wish_prevents_the_success(
    broker: Broker, w1: Driver, error: str
) -> None:
    filled(broker, 1)

    w1.settle(discarded(w1.take_one(), failure=make_failure(exception=error)))

    assert started(w1) == ["end"]
    record = read(broker)
    assert (record.state, record.missed) == (BatchState.FAILED, 1)


@pytest.mark.parametrize("way", ["cancelled", "deleted", "cleared"])
def test_what_an_operator_ends_prevents_the_success(
    broker: Broker, inspection: Inspection, w1: Driver, way: str
) -> None:
    (job,) = filled(broker, 1)
    match way:
        case "cancelled":
            inspection.cancel(job.id)
        case "deleted":
            inspection.delete(job.id)
        case _:
            inspection.clear("default")

    assert started(w1) == ["end"]
    assert read(broker).counts == BatchCounts(total=1, discarded=1)


@pytest.mark.parametrize("how", [retrying, given_back, postponed])
def test_an_attempt_that_is_not_the_last_counts_nothing(
    broker: Broker, w1: Driver, how: Any
) -> None:
    filled(broker, 1)

    w1.settle(how(w1.take_one()))

    assert read(broker).counts == BatchCounts(total=1, open=1)
    assert started(w1) == []


def test_a_job_that_takes_workers_down_counts_as_dead(
    broker: Broker, clock: Clock, w2: Driver
) -> None:
    filled(broker, 1)
    for number in range(MAX_CRASHES):
        worker = Driver(broker, f"gone{number}")
        worker.take_one()
        worker.vanish(clock, noticed_by=w2)

    assert read(broker).counts == BatchCounts(total=1, dead=1)
    assert started(w2) == ["death", "end"]


def test_a_settlement_that_is_refused_counts_nothing(broker: Broker, w1: Driver) -> None:
    filled(broker, 2)
    claim = w1.take_one()

    w1.settle(succeeded(claim), succeeded(claim))
    w1.settle(succeeded(claim))

    assert read(broker).counts == BatchCounts(total=2, open=1, succeeded=1)


def test_a_result_that_is_not_kept_counts(broker: Broker, w1: Driver) -> None:
    filled(broker, 1, result_ttl=0)

    w1.settle(succeeded(w1.take_one()))

    assert started(w1) == ["success", "end"]


def test_a_callback_waits_for_its_own_time(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    later = make_job(id="later", run_at=clock.now() + MINUTE)
    broker.batches.open(NewBatch(id="b1", callbacks={END: later}))
    broker.batches.close("b1")
    assert found(inspection, "later").state is State.SCHEDULED

    clock.advance(MINUTE)

    assert w1.take_one().job.id == "later"


def test_callbacks_of_many_batches_start_in_portions(broker: Broker, w1: Driver) -> None:
    number = EDGES_PER_CALL // 2 + 10
    for index in range(number):
        filled(broker, 1, f"b{index}")
    claims = w1.take(number)

    w1.settle(*map(succeeded, claims))
    done: set[str] = set()
    while callbacks := w1.take(1000, "callbacks"):
        done |= set(ids(callbacks))

    assert len(done) == 2 * number


def test_a_worker_that_listens_hears_of_a_callback(broker: Broker, w1: Driver, w2: Driver) -> None:
    filled(broker, 1)
    w1.settle(succeeded(w1.take_one()))

    assert ids(w2.listen("callbacks", limit=2).claims) == ["b1-success", "b1-end"]


def test_a_callback_in_the_queue_that_is_cleared_starts(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    """It gets there as the members are gone."""
    broker.batches.open(NewBatch(id="b1", callbacks={END: make_job(id="end")}))
    add(broker, members(3))
    broker.batches.close("b1")

    assert inspection.clear("default") == 3

    assert ids(w1.take(5)) == ["end"]


def test_a_callback_that_overtakes_the_jobs_that_are_cleared_starts(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    """It is none of those that were there, however many these are."""
    broker.batches.open(NewBatch(id="b1", callbacks={END: make_job(id="end", priority=1)}))
    add(broker, members(1))
    broker.batches.close("b1")
    broker.push(make_jobs(600))

    assert inspection.clear("default") == 601

    assert ids(w1.take(5)) == ["end"]


def test_a_callback_starts_if_jobs_that_wait_for_a_slot_are_cleared_with_its_batch(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited("holder", JobLimit("mail", 1)), limited("waits", JobLimit("mail", 1))])
    w1.take(2)
    broker.batches.open(NewBatch(id="b1", callbacks={END: make_job(id="end")}))
    add(broker, members(1))
    broker.batches.close("b1")

    assert inspection.clear("default") == 2

    assert inspection.find("waits") is None
    assert ids(w1.take(5)) == ["end"]


# --- callbacks that wait ------------------------------------------------------------------------


def test_a_callback_that_waits_may_be_cancelled_or_deleted(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, 1)

    assert inspection.cancel("b1-success")
    assert inspection.delete("b1-end")
    assert not inspection.retry("b1-death")
    w1.settle(succeeded(w1.take_one()))

    assert started(w1) == []
    assert found(inspection, "b1-success").state is State.DISCARDED


def test_a_cancelled_callback_waits_again_when_it_is_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    """It must not report a success that has not happened."""
    filled(broker, 1)
    inspection.cancel("b1-success")

    assert inspection.retry("b1-success")

    assert found(inspection, "b1-success").state is State.WAITING
    assert started(w1) == []
    assert not inspection.retry("b1-success")
    w1.settle(succeeded(w1.take_one()))
    assert started(w1) == ["success", "end"]


def test_a_cancelled_callback_runs_at_once_if_its_event_has_happened(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, 1)
    inspection.cancel("b1-success")
    w1.settle(succeeded(w1.take_one()))
    assert started(w1) == ["end"]

    assert inspection.retry("b1-success")

    assert started(w1) == ["success"]


# --- retrying -----------------------------------------------------------------------------------


def test_dead_members_are_retried(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    filled(broker, 3)
    first, second, third = w1.take(3)
    w1.settle(dead(first), succeeded(second), dead(third))
    assert started(w1) == ["death", "end"]

    assert broker.batches.retry_dead("b1").retried == 2

    record = read(broker)
    assert (record.state, record.ended_at) == (BatchState.RUNNING, None)
    assert record.counts == BatchCounts(total=3, open=2, succeeded=1)
    w1.settle(*map(succeeded, w1.take(2)))
    assert started(w1) == ["success"]  # `on_end` and `on_death` happen once
    assert read(broker).state is BatchState.SUCCEEDED


def test_a_member_that_dies_again_is_left_for_the_next_retry(broker: Broker, w1: Driver) -> None:
    filled(broker, 1)
    for _ in range(2):
        w1.settle(dead(w1.take_one()))
        assert broker.batches.retry_dead("b1").retried == 1

    assert broker.batches.retry_dead("b1").retried == 0
    assert broker.batches.retry_dead("unknown").retried == 0
    assert read(broker).counts == BatchCounts(total=1, open=1)


def test_an_operator_brings_members_back(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    one, other = filled(broker, 2)
    inspection.cancel(one.id)
    w1.settle(dead(w1.take_one()))
    assert started(w1) == ["death", "end"]

    assert inspection.retry(one.id)
    assert inspection.retry(other.id)

    record = read(broker)
    assert (record.counts, record.missed) == (BatchCounts(total=2, open=2), 0)
    w1.settle(*map(succeeded, w1.take(2)))
    assert started(w1) == ["success"]


def test_a_dead_member_that_is_deleted_is_not_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    (job,) = filled(broker, 1)
    w1.settle(dead(w1.take_one()))
    inspection.delete(job.id)

    assert broker.batches.retry_dead("b1").retried == 0
    assert read(broker).counts == BatchCounts(total=1, dead=1)


def test_a_retry_stops_after_some_time_and_can_be_continued(broker: Broker, w1: Driver) -> None:
    filled(broker, PORTION + 1)
    w1.settle(*map(dead, w1.take(PORTION + 1)))

    assert broker.batches.retry_dead("b1", seconds=0) == RetriedDead(PORTION, 0, is_done=False)
    assert broker.batches.retry_dead("b1") == RetriedDead(1, 0, is_done=True)


def test_unique_members_whose_locks_are_taken_stay_dead(broker: Broker, w1: Driver) -> None:
    filled(broker, 1, lock=Lock("d1"))
    w1.settle(dead(w1.take_one()))
    broker.push([make_job(id="holder", lock=Lock("d1"))])

    assert broker.batches.retry_dead("b1") == RetriedDead(0, 1, is_done=True)


def test_dead_members_are_listed_in_the_order_of_their_deaths(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = filled(broker, 4)
    for claim in reversed(w1.take(4)):
        w1.settle(dead(claim))
        clock.advance(1)
    inspection.delete(jobs[2].id)
    inspection.retry(jobs[0].id)

    assert broker.batches.dead_members("b1", 10) == (jobs[3].id, jobs[1].id)
    assert broker.batches.dead_members("b1", 1) == (jobs[3].id,)
    assert broker.batches.dead_members("unknown", 10) == ()


def test_batches_that_have_not_ended_are_counted(broker: Broker, w1: Driver) -> None:
    assert broker.batches.count_unfinished() == 0
    open_batch(broker, "open")
    filled(broker, 1, "running")
    filled(broker, 0, "over")

    assert (broker.batches.count(), broker.batches.count_unfinished()) == (3, 2)
    w1.settle(succeeded(w1.take_one()))
    assert broker.batches.count_unfinished() == 1


# --- cancelling ---------------------------------------------------------------------------------


def test_members_of_a_cancelled_batch_are_discarded_when_their_turn_is(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, 3)
    running = w1.take_one()
    broker.push([make_job(id="other")])

    assert broker.batches.cancel("b1")
    assert not broker.batches.cancel("b1")

    assert ids(w1.take(5)) == ["other"]
    assert read(broker).counts == BatchCounts(total=3, open=1, discarded=2)
    w1.settle(succeeded(running))
    assert started(w1) == ["end"]
    assert read(broker).state is BatchState.FAILED
    assert inspection.counts()[State.DISCARDED] == 2


def test_the_last_discarded_member_starts_the_callback_in_the_same_queue(
    broker: Broker, w1: Driver
) -> None:
    broker.batches.open(NewBatch(id="b1", callbacks={END: make_job(id="end")}))
    add(broker, members(2))
    broker.batches.cancel("b1")

    assert not w1.take(2)

    assert ids(w1.listen("default", limit=2).claims) == ["end"]


def test_an_open_batch_that_is_cancelled_is_closed(broker: Broker, w1: Driver) -> None:
    open_batch(broker)

    assert broker.batches.cancel("b1")

    assert started(w1) == ["end"]
    assert read(broker).is_cancelled


def test_what_has_ended_or_is_unknown_is_not_cancelled(broker: Broker) -> None:
    filled(broker, 0)

    assert not broker.batches.cancel("b1")
    assert not broker.batches.cancel("unknown")


@pytest.mark.parametrize("state", ["dead", "discarded", "retrying", "scheduled"])
def test_a_member_of_a_cancelled_batch_is_not_retried(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, state: str
) -> None:
    """It would be discarded when its turn is."""
    open_batch(broker)
    later = clock.now() + MINUTE if state == "scheduled" else None
    add(broker, [make_job(id="a", batch="b1", run_at=later)])
    if state != "scheduled":
        ends: dict[str, Callable[..., Settlement]]
        ends = {"dead": dead, "discarded": discarded, "retrying": partial(retrying, delay=MINUTE)}
        w1.settle(ends[state](w1.take_one()))
    before = read(broker).counts
    broker.batches.cancel("b1")

    assert not inspection.retry("a")

    done = Finder(inspection, Filter(states=frozenset({State(state)}))).apply(JobAction.RETRY)
    assert (done.number, done.locked) == (0, 1)
    assert found(inspection, "a").state == state
    assert read(broker).counts == before
    assert inspection.delete("a")


def test_a_callback_of_a_cancelled_batch_is_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    open_batch(broker)
    broker.batches.cancel("b1")
    (callback,) = w1.take(5, "callbacks")
    w1.settle(dead(callback))

    assert inspection.retry("b1-end")


# --- in time ------------------------------------------------------------------------------------


def test_a_batch_whose_block_vanished_is_closed(broker: Broker, clock: Clock, w1: Driver) -> None:
    open_batch(broker)
    add(broker, members(1))
    clock.advance(BATCH_HELD_MS // 2)
    add(broker, members(1))
    clock.advance(BATCH_HELD_MS // 2)
    w1.heartbeat()
    assert read(broker).state is BatchState.OPEN

    clock.advance(BATCH_HELD_MS // 2)
    w1.heartbeat()

    record = read(broker)
    assert (record.state, record.is_abandoned) == (BatchState.RUNNING, True)
    assert started(w1) == ["death"]
    w1.settle(*map(succeeded, w1.take(2)))
    assert started(w1) == ["end"]
    assert read(broker).state is BatchState.FAILED


def test_a_batch_is_forgotten_some_time_after_its_end(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    filled(broker, 1)
    filled(broker, 0, "empty")
    w1.settle(dead(w1.take_one()))

    clock.advance(BATCH_KEPT_MS)
    w1.heartbeat()
    assert broker.batches.find("empty") is None
    assert read(broker).state is BatchState.FAILED

    clock.advance(DEAD_KEPT_MS - BATCH_KEPT_MS)
    w1.heartbeat()
    assert broker.batches.find("b1") is None
    assert inspection.counts()[State.WAITING] == 0
    assert broker.batches.count() == 0


def test_a_batch_with_open_members_is_not_forgotten(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    (job,) = filled(broker, 1)
    inspection.cancel(job.id)
    inspection.retry(job.id)

    clock.advance(DEAD_KEPT_MS)
    w1.heartbeat()

    assert read(broker).counts.open == 1


def test_members_of_a_forgotten_batch_are_ordinary_jobs(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    (job,) = filled(broker, 1)
    inspection.cancel(job.id)
    clock.advance(BATCH_KEPT_MS - 1)
    w1.heartbeat()
    inspection.retry(job.id)
    inspection.cancel(job.id)
    clock.advance(BATCH_KEPT_MS - 1)
    inspection.retry(job.id)
    claim = w1.take_one()

    w1.settle(succeeded(claim))

    assert found(inspection, job.id).state is State.SUCCEEDED


# --- listing ------------------------------------------------------------------------------------


def test_batches_are_listed_newest_first(broker: Broker, clock: Clock) -> None:
    for number in range(5):
        open_batch(broker, f"b{number}")
        clock.advance(1)

    assert [one.id for one in broker.batches.list(limit=3)] == ["b4", "b3", "b2"]
    assert broker.batches.count() == 5
    assert broker.batches.find("unknown") is None


def test_newer_batches_do_not_move_the_next_page(broker: Broker, clock: Clock, w1: Driver) -> None:
    for name in "abcdef":  # of the same millisecond: by their ids
        open_batch(broker, name)
    first = broker.batches.list(limit=2)
    assert [one.id for one in first] == ["f", "e"]
    place = BatchPlace.of(first[-1])
    clock.advance(1)
    open_batch(broker, "newer")

    assert [one.id for one in broker.batches.list(after=place, limit=2)] == ["d", "c"]
    assert broker.batches.position(place) == 3
    last = BatchPlace.of(broker.batches.list(limit=10)[-1])
    assert broker.batches.list(after=last) == ()
    assert broker.batches.position(last) == 7
    assert broker.batches.list(after=place, workflows=True) == ()


def test_the_place_of_a_batch_outlives_it(broker: Broker, clock: Clock, w1: Driver) -> None:
    for name in "abc":
        open_batch(broker, name)
        clock.advance(MINUTE)
    place = BatchPlace.of(read(broker, "b"))
    broker.batches.close("b")
    clock.advance(BATCH_KEPT_MS - BATCH_HELD_MS)
    w1.heartbeat()  # closes the others, which end later
    clock.advance(BATCH_HELD_MS)
    w1.heartbeat()
    assert broker.batches.find("b") is None

    assert [one.id for one in broker.batches.list(after=place)] == ["a"]
    assert broker.batches.position(place) == 1


def test_members_do_not_leave_for_another_broker(broker: Broker, inspection: Inspection) -> None:
    job = make_job(id=new_job_id(), batch="elsewhere")
    record = found(inspection, _pushed(broker).id)

    inspection.adopt([record.__class__(job=job, state=State.QUEUED)], "default")

    assert inspection.find(job.id) is None


def _pushed(broker: Broker) -> Job:
    job = make_job()
    broker.push([job])
    return job


def test_a_queue_that_is_cleared_keeps_its_waiting_callbacks(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, 1)
    broker.push([make_job(queue="callbacks", priority=-100)])

    assert inspection.clear("callbacks") == 1

    w1.settle(*map(succeeded, w1.take(5)))
    assert sorted(started(w1)) == ["end", "success"]


def test_callbacks_do_not_count_as_jobs_that_wait_for_a_limit(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, 1)
    broker.push([limited(name, JobLimit("mail", 1), queue="callbacks") for name in "abc"])
    w1.take(3, "callbacks")

    (queue,) = (one for one in inspection.queues() if one.name == "callbacks")

    assert (queue.size, queue.waiting) == (0, 2)


def test_a_cancelled_batch_leaves_no_job_that_waits_for_its_success(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, 1)
    broker.batches.cancel("b1")
    w1.take(5)

    assert read(broker).ended_at is not None
    assert inspection.find("b1-success") is None


def test_events_that_are_left_are_followed_by_the_next_call_at_once(
    broker: Broker, w1: Driver
) -> None:
    for n in range(EDGES_PER_CALL):
        broker.batches.open(NewBatch(id=f"a{n}"))
        add(broker, members(1, f"a{n}"), f"a{n}")
        broker.batches.close(f"a{n}")
    claims = w1.take(EDGES_PER_CALL)
    filled(broker, 1)
    last = w1.take_one()

    reply = w1.settle(*map(succeeded, [*claims, last]))

    assert reply.due_in == 0 or started(w1)


def test_all_dead_members_can_be_retried_however_many_there_are(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    number = DEAD_KEPT + 10
    jobs = filled(broker, number)
    while claims := w1.take(500):
        w1.settle(*map(dead, claims))
        clock.advance(1)
    assert inspection.counts()[State.DEAD] == DEAD_KEPT
    assert found(inspection, jobs[0].id).state is State.DEAD
    check_with_doctor(broker)

    assert broker.batches.retry_dead("b1").retried == number
    assert read(broker).counts == BatchCounts(total=number, open=number)


def test_dead_members_of_a_batch_that_is_forgotten_are_forgotten(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    (job,) = filled(broker, 1)
    w1.settle(dead(w1.take_one()))
    clock.advance(DEAD_KEPT_MS + 1)
    w1.heartbeat()

    assert broker.batches.find("b1") is None
    assert inspection.find(job.id) is None


def test_dead_members_of_a_cancelled_batch_are_not_retried(broker: Broker, w1: Driver) -> None:
    filled(broker, 2)
    w1.settle(dead(w1.take_one()))
    broker.batches.cancel("b1")

    with pytest.raises(BatchCancelled, match="b1 was cancelled"):
        broker.batches.retry_dead("b1")

    assert read(broker).counts.dead == 1


def test_only_the_block_holds_its_batch_open(broker: Broker, clock: Clock, w1: Driver) -> None:
    """A member that adds others says nothing of the block."""
    open_batch(broker)
    add(broker, members(1))
    claim = w1.take_one()
    for _ in range(3):
        clock.advance(BATCH_HELD_MS // 2)
        w1.heartbeat()
        broker.batches.add(members(1), Membership("b1", claim.job.id, claim.token))

    assert read(broker).is_abandoned


def test_closing_says_whether_the_batch_was_open(broker: Broker, clock: Clock, w1: Driver) -> None:
    assert broker.batches.close("unknown") is False
    open_batch(broker)
    assert broker.batches.close("b1") is True
    assert broker.batches.close("b1") is False
    open_batch(broker, "b2")
    clock.advance(BATCH_HELD_MS + 1)
    w1.heartbeat()
    assert broker.batches.close("b2") is False


def test_one_call_discards_a_bounded_number_of_members(broker: Broker, w1: Driver) -> None:
    number = POSTPONED_PER_CALL + 5
    filled(broker, number)
    broker.batches.cancel("b1")

    assert w1.exchange("default", limit=1).due_in == 0
    assert read(broker).counts == BatchCounts(total=number, open=5, discarded=POSTPONED_PER_CALL)
    assert w1.take(1) == ()
    assert read(broker).ended_at is not None
