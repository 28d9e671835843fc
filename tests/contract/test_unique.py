"""Unique jobs: what becomes of a call while another job holds its lock, and every way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import ALIAS_MS, RESENT_MS
from django_jobs.brokers.inspection.base import Inspection, JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.errors import DuplicateJob
from django_jobs.jobs.batches import BatchCounts, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Claim, Job, JobRecord, Lock, OnConflict, State, Until
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    make_job,
    postponed,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, claim_tick, found, ids

MINUTE = 60_000
REPLACE = OnConflict.REPLACE


def unique(job_id: str, digest: str = "d1", **changes: Any) -> Job:
    """A job with a lock; what belongs to the lock is named as there."""
    named = ("until", "keep_for", "on_conflict", "after_commit")
    lock = {name: changes.pop(name) for name in named if name in changes}
    return make_job(id=job_id, lock=Lock(digest, **lock), **changes)


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


def is_free(broker: Broker, digest: str = "d1") -> bool:
    """Whether a new job gets the lock; the job is deleted again."""
    broker.push([unique("probe", digest)])
    return broker.inspection.delete("probe")


# --- ways in ------------------------------------------------------------------------------------


def test_push_returns_the_id_of_each_job(broker: Broker) -> None:
    jobs = [make_job(), unique("a"), make_job(), unique("b", "d2")]

    assert broker.push(jobs) == [job.id for job in jobs]


def test_a_second_job_with_the_same_digest_is_merged_with_the_first(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([unique("a", arguments='[["old"],{}]')])

    assert broker.push([unique("b", arguments='[["new"],{}]')]) == ["a"]

    assert inspection.counts()[State.QUEUED] == 1
    assert found(inspection, "a").job.arguments == '[["old"],{}]'


def test_two_digests_have_nothing_to_do_with_each_other(broker: Broker) -> None:
    assert broker.push([unique("a", "d1"), unique("b", "d2")]) == ["a", "b"]


def test_the_second_of_one_call_is_merged_as_well(broker: Broker, inspection: Inspection) -> None:
    assert broker.push([unique("a"), unique("b"), make_job(id="c")]) == ["a", "a", "c"]
    assert inspection.counts()[State.QUEUED] == 2


def test_neighbours_of_merged_jobs_are_stored_in_their_order(broker: Broker, w1: Driver) -> None:
    broker.push([unique("holder", "d3")])
    digests = {"a": "d1", "b": "d2", "c": "d3", "d": "d4", "e": "d1", "f": "d5", "g": "d6"}
    jobs = [unique(job_id, digest) for job_id, digest in digests.items()]

    assert broker.push(jobs) == ["a", "b", "holder", "d", "a", "f", "g"]

    assert ids(w1.take(10)) == ["holder", "a", "b", "d", "f", "g"]
    assert not any(is_free(broker, f"d{n}") for n in range(1, 7))


def test_more_unique_jobs_than_a_call_stores_at_once(broker: Broker, w1: Driver) -> None:
    broker.push([unique(f"holder-{n}", f"d{n}") for n in range(0, 600, 7)])

    pushed = broker.push([unique(f"new-{n}", f"d{n}") for n in range(600)])

    assert pushed == [f"new-{n}" if n % 7 else f"holder-{n}" for n in range(600)]
    added = [job_id for job_id in pushed if job_id.startswith("new")]
    assert ids(w1.take(1000)) == [f"holder-{n}" for n in range(0, 600, 7)] + added


def test_a_successor_and_its_replacement_among_other_jobs(
    broker: Broker, w1: Driver, inspection: Inspection
) -> None:
    broker.push([unique("running", "d2", on_conflict=REPLACE)])
    claim = w1.take_one()
    digests = {"a": "d1", "next": "d2", "b": "d3", "newer": "d2", "c": "d4"}
    jobs = [
        unique(job_id, digest, on_conflict=REPLACE, arguments=f'[["{job_id}"],{{}}]')
        for job_id, digest in digests.items()
    ]

    assert broker.push(jobs) == ["a", "next", "b", "next", "c"]

    assert ids(w1.take(10)) == ["a", "b", "c"]
    w1.settle(succeeded(claim))
    assert found(inspection, "next").job.arguments == '[["newer"],{}]'
    assert ids(w1.take(10)) == ["next"]


def test_jobs_of_one_call_that_are_known_stay_as_they_are(
    broker: Broker, w1: Driver, inspection: Inspection
) -> None:
    jobs = [unique("a", "d1"), unique("b", "d2"), unique("c", "d3")]
    broker.push(jobs)
    first, *_ = w1.take(2)
    w1.settle(succeeded(first))

    assert broker.push([*jobs, unique("d", "d4")]) == ["a", "b", "c", "d"]

    states = [found(inspection, job_id).state.value for job_id in "abcd"]
    assert states == ["succeeded", "running", "queued", "queued"]
    assert is_free(broker, "d1")
    assert broker.push([unique("other", "d2"), unique("another", "d3")]) == ["b", "c"]


def test_the_refused_one_of_many_stores_none_of_them(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([unique("holder", "d3")])
    jobs = [unique(f"j{n}", f"d{n}", on_conflict=OnConflict.RAISE) for n in range(1, 5)]

    with pytest.raises(DuplicateJob, match="holder"):
        broker.push(jobs)

    assert sum(inspection.counts().values()) == 1
    assert is_free(broker, "d1")


def test_its_own_lock_is_no_conflict(broker: Broker, inspection: Inspection) -> None:
    broker.push([unique("a", on_conflict=OnConflict.RAISE)])

    assert broker.push([unique("a", on_conflict=OnConflict.RAISE)]) == ["a"]
    assert inspection.counts()[State.QUEUED] == 1


def test_a_scheduled_job_holds_its_lock(broker: Broker, clock: Clock) -> None:
    broker.push([unique("a", run_at=clock.now() + MINUTE)])

    assert broker.push([unique("b")]) == ["a"]


def test_the_record_names_the_holder_of_the_lock(broker: Broker, inspection: Inspection) -> None:
    broker.push([unique("a")])

    record = found(inspection, "a")

    assert record.lock_holder == "a"
    assert record.job.lock == Lock("d1")


@pytest.mark.parametrize("way", ["running", "retrying", "given back", "postponed", "lost"])
def test_a_job_holds_its_lock_until_its_end(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    broker.push([unique("a")])
    let_come_back(w1, w2, clock, way, w1.take_one())

    assert broker.push([unique("b")]) == ["a"]


# --- a conflict that raises ---------------------------------------------------------------------


def test_a_conflict_may_raise_with_the_id_of_the_holder(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([unique("a")])

    with pytest.raises(DuplicateJob) as raised:
        broker.push([make_job(id="c"), unique("b", on_conflict=OnConflict.RAISE)])

    assert (raised.value.holder, raised.value.index) == ("a", 1)
    assert inspection.find("c") is None, "nothing of the call was to be stored"


def test_two_of_one_call_may_raise_as_well(broker: Broker, inspection: Inspection) -> None:
    with pytest.raises(DuplicateJob) as raised:
        broker.push([unique("a"), unique("b", on_conflict=OnConflict.RAISE)])

    assert (raised.value.holder, raised.value.index) == (None, 1)
    assert inspection.find("a") is None


def test_after_a_commit_nothing_raises_and_the_id_is_an_alias(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    broker.push([unique("a")])

    late = unique("b", on_conflict=OnConflict.RAISE, after_commit=True)

    assert broker.push([late]) == ["a"]
    clock.advance(ALIAS_MS - 1)
    assert found(inspection, "b").job.id == "a"
    clock.advance(1)
    assert inspection.find("b") is None


def test_the_id_of_any_merged_call_is_an_alias_for_a_minute(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    broker.push([unique("a")])
    broker.push([unique("b")])

    clock.advance(RESENT_MS - 1)
    assert found(inspection, "b").job.id == "a"
    clock.advance(1)
    assert inspection.find("b") is None


# --- a conflict that replaces -------------------------------------------------------------------


def test_a_job_that_waits_takes_the_new_call_under_its_own_id(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE, overrides='{"timeout":1}', metadata='{"a":1}')])
    new: dict[str, Any] = {
        "arguments": '[["new"],{}]',
        "priority": 7,
        "queue": "other",
        "result_ttl": 5_000,
    }
    job = unique("b", on_conflict=REPLACE, run_at=clock.now() + MINUTE, **new)

    assert broker.push([job]) == ["a"]

    assert found(inspection, "a").job == job._replace(id="a")
    assert found(inspection, "a").state is State.SCHEDULED
    assert w1.take(1) == ()
    clock.advance(MINUTE)
    claim = w1.take_one("other")
    assert claim.job == job._replace(id="a", lock=None)


def test_calls_that_keep_coming_move_the_start(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    """Debounce."""
    for number in range(3):
        when = clock.now() + MINUTE
        broker.push([unique(f"a{number}", on_conflict=REPLACE, run_at=when)])
        clock.advance(MINUTE // 2)
        assert w1.take(1) == ()
    clock.advance(MINUTE // 2)

    assert w1.take_one().job.id == "a0"
    assert sum(inspection.counts().values()) == 1


def test_the_attempts_of_a_replaced_job_count_from_zero(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    w1.settle(retrying(w1.take_one(), delay=MINUTE))

    broker.push([unique("b", on_conflict=REPLACE)])

    record = found(inspection, "a")
    assert (record.state, record.attempts) == (State.QUEUED, 0)
    assert w1.take_one().attempt == 1


@pytest.mark.parametrize("action", list(JobAction))
def test_nothing_is_done_to_a_job_that_was_replaced_since_it_was_seen(
    broker: Broker, inspection: Inspection, clock: Clock, action: JobAction
) -> None:
    when = clock.now() + MINUTE
    broker.push([unique("a", on_conflict=REPLACE, run_at=when)])
    seen = Finder(inspection, Filter(id="a")).page().found
    broker.push([unique("b", on_conflict=REPLACE, run_at=when)])
    before = found(inspection, "a")

    assert inspection.apply(action, seen).changed == 0

    assert found(inspection, "a") == before


def test_while_one_runs_a_successor_waits_for_its_end(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()

    assert broker.push([unique("b", on_conflict=REPLACE)]) == ["b"]

    record = found(inspection, "b")
    assert (record.state, record.due_at, record.lock_holder) == (State.SCHEDULED, None, "a")
    clock.advance(MINUTE)
    assert w1.exchange("default").due_in is None
    assert w1.take(1) == ()
    w1.settle(succeeded(claim))
    assert w1.take_one().job.id == "b"


def test_newer_calls_change_the_successor(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    broker.push([unique("b", on_conflict=REPLACE)])

    assert broker.push([unique("c", on_conflict=REPLACE, arguments='[["c"],{}]')]) == ["b"]
    w1.settle(given_back(claim))
    assert broker.push([unique("d", on_conflict=REPLACE, arguments='[["d"],{}]')]) == ["b"]

    assert found(inspection, "b").job.arguments == '[["d"],{}]'
    assert found(inspection, "a").job.arguments != '[["d"],{}]'


def test_a_successor_keeps_to_its_time(broker: Broker, clock: Clock, w1: Driver) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    broker.push([unique("b", on_conflict=REPLACE, run_at=clock.now() + MINUTE)])

    reply = w1.settle(succeeded(claim))

    assert reply.due_in == MINUTE
    clock.advance(MINUTE)
    assert w1.take_one().job.id == "b"


def test_a_failed_attempt_ends_a_job_whose_successor_waits(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    broker.push([unique("b", on_conflict=REPLACE)])

    w1.settle(retrying(claim, delay=MINUTE))

    record = found(inspection, "a")
    assert (record.state, record.finished_at) == (State.DISCARDED, clock.now())
    assert record.failures
    assert w1.take_one().job.id == "b"


def test_a_call_in_the_place_of_a_cancelled_job_is_not_cancelled(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    inspection.cancel("a")
    w1.settle(retrying(claim, delay=MINUTE))

    assert broker.push([unique("b", on_conflict=REPLACE)]) == ["a"]
    w1.heartbeat()

    record = found(inspection, "a")
    assert (record.state, record.cancel_requested) == (State.QUEUED, False)


def test_a_cancelled_job_that_was_given_back_may_be_replaced(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    inspection.cancel("a")
    w1.settle(given_back(claim))

    broker.push([unique("b", on_conflict=REPLACE)])
    w1.heartbeat()

    record = found(inspection, "a")
    assert (record.state, record.cancel_requested) == (State.QUEUED, False)


@pytest.mark.parametrize("action", JobAction)
def test_a_job_without_a_lock_is_never_locked_out(
    broker: Broker, inspection: Inspection, w1: Driver, action: JobAction
) -> None:
    broker.push([make_job()])
    w1.take_one()
    seen = inspection.scan(Filter(states=frozenset({State.RUNNING})), None, 10).candidates

    assert inspection.apply(action, tuple(seen)).locked == 0


def test_nobody_is_locked_out_of_what_an_operator_may_not_retry(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a")])
    w1.settle(succeeded(w1.take_one()))

    wanted = Filter(states=frozenset({State.SUCCEEDED}))
    done = Finder(inspection, wanted).apply(JobAction.RETRY)

    assert (done.number, done.locked) == (0, 0)


@pytest.mark.parametrize("way", ["dead", "discarded", "cancelled", "deleted", "cleared", "lost"])
def test_whatever_ends_the_first_begins_the_successor(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    broker.push([unique("b", on_conflict=REPLACE)])
    match way:
        case "dead" | "discarded":
            w1.settle((dead if way == "dead" else discarded)(claim))
        case "lost":
            w1.vanish(clock, noticed_by=w2)
            for _ in range(2):
                w1.take_one()
                w1.vanish(clock, noticed_by=w2)
        case _:
            w1.settle(given_back(claim))
            what = {"cancelled": inspection.cancel, "deleted": inspection.delete}
            what.get(way, lambda _: inspection.clear("default"))("a")

    assert w2.take_one().job.id == "b"


@pytest.mark.parametrize("verb", ["cancel", "delete"])
def test_a_successor_that_goes_leaves_the_lock_to_its_holder(
    broker: Broker, inspection: Inspection, w1: Driver, verb: str
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    claim = w1.take_one()
    broker.push([unique("b", on_conflict=REPLACE)])

    getattr(inspection, verb)("b")

    assert broker.push([unique("c")]) == ["a"]
    w1.settle(retrying(claim, delay=MINUTE))
    assert found(inspection, "a").state is State.RETRYING


def test_a_successor_does_not_run_while_the_lock_is_held(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE)])
    w1.take_one()
    broker.push([unique("b", on_conflict=REPLACE)])

    assert not inspection.retry("b")


# --- a holder that has lost its lock ------------------------------------------------------------


def expired_with_successor(broker: Broker, clock: Clock, worker: Driver) -> None:
    """Let job "a" expire in its queue, while "s" waits for its end."""
    broker.push([unique("a", on_conflict=REPLACE, expires_at=clock.now() + MINUTE)])
    claim = worker.take_one()
    broker.push([unique("s", on_conflict=REPLACE, queue="other")])
    worker.settle(given_back(claim))
    clock.advance(MINUTE)


@pytest.mark.parametrize("conflict", OnConflict)
def test_each_use_of_a_lost_lock_gives_it_to_the_successor(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, conflict: OnConflict
) -> None:
    expired_with_successor(broker, clock, w1)

    if conflict is OnConflict.RAISE:
        with pytest.raises(DuplicateJob) as raised:
            broker.push([unique("b", on_conflict=conflict)])
        assert raised.value.holder == "s"
    else:
        assert broker.push([unique("b", on_conflict=conflict, queue="other")]) == ["s"]

    assert w1.take_one("other").job.id == "s"


def test_an_expired_job_does_not_get_its_lock_back_before_its_successor(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([unique("a", on_conflict=REPLACE, expires_at=clock.now() + MINUTE)])
    claim = w1.take_one()
    broker.push([unique("s", on_conflict=REPLACE, queue="other")])
    w1.settle(postponed(claim))
    clock.advance(MINUTE)

    assert not inspection.retry("a")

    assert w1.take_one("other").job.id == "s"


def test_a_job_from_another_broker_leaves_a_lost_lock_to_the_successor(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    expired_with_successor(broker, clock, w1)

    inspection.adopt([JobRecord(job=unique("x"), state=State.QUEUED)], "arrivals")

    assert inspection.find("x") is None
    assert w1.take_one("other").job.id == "s"


@pytest.mark.parametrize("way", ["retrying", "given back", "postponed", "lost", "closed"])
def test_a_job_that_comes_back_leaves_a_lost_lock_to_the_successor(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    until_start = {"until": Until.START, "on_conflict": REPLACE}
    broker.push([unique("a", **until_start)])
    claim = w1.take_one()
    expires_at = clock.now() + MINUTE
    broker.push([unique("e", queue="late", expires_at=expires_at, on_conflict=REPLACE)])
    late = w2.take_one("late")
    broker.push([unique("s", on_conflict=REPLACE, queue="other")])
    w2.settle(given_back(late))
    w1.heartbeat()
    clock.advance(MINUTE // 2)
    w1.heartbeat()
    clock.advance(MINUTE // 2)

    let_come_back(w1, w2, clock, way, claim)

    assert w2.take_one("other").job.id == "s"


# --- ways out -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [succeeded, dead, discarded])
@pytest.mark.parametrize("result_ttl", [0, MINUTE])
def test_the_end_frees_the_lock(broker: Broker, w1: Driver, end: Any, result_ttl: int) -> None:
    broker.push([unique("a", result_ttl=result_ttl)])

    w1.settle(end(w1.take_one()))

    assert is_free(broker)


@pytest.mark.parametrize("verb", ["cancel", "delete"])
@pytest.mark.parametrize("state", ["scheduled", "queued", "retrying"])
def test_cancelling_and_deleting_free_the_lock(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, verb: str, state: str
) -> None:
    broker.push([unique("a", run_at=clock.now() + MINUTE if state == "scheduled" else None)])
    if state == "retrying":
        w1.settle(retrying(w1.take_one(), delay=MINUTE))

    assert getattr(inspection, verb)("a")

    assert is_free(broker)


def test_clearing_a_queue_frees_the_locks(broker: Broker, inspection: Inspection) -> None:
    broker.push([unique("a"), make_job()])

    inspection.clear("default")

    assert is_free(broker)


def test_an_expired_job_that_nobody_claims_holds_no_lock(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([unique("a", expires_at=clock.now() + MINUTE, queue="unserved")])
    clock.advance(MINUTE)

    assert broker.push([unique("b")]) == ["b"]

    w1.settle(discarded(w1.take_one("unserved")))
    assert broker.push([unique("c")]) == ["b"], "the expired job freed a lock that it had lost"


def test_a_job_that_is_dead_as_its_workers_were_lost_frees_its_lock(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver
) -> None:
    broker.push([unique("a")])
    for _ in range(3):
        w1.take_one()
        w1.vanish(clock, noticed_by=w2)

    assert found(inspection, "a").state is State.DEAD
    assert is_free(broker)


# --- until="start" ------------------------------------------------------------------------------


def test_a_lock_until_the_start_ends_at_the_claim(broker: Broker, w1: Driver) -> None:
    broker.push([unique("a", until=Until.START)])
    assert broker.push([unique("b", until=Until.START)]) == ["a"]

    w1.take_one()

    assert broker.push([unique("c", until=Until.START)]) == ["c"]


@pytest.mark.parametrize("way", ["retrying", "given back", "postponed", "lost", "closed"])
def test_a_job_that_comes_back_takes_its_lock_again_if_it_is_free(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    broker.push([unique("a", until=Until.START)])
    come_back(w1, w2, clock, way)

    assert broker.push([unique("b", until=Until.START)]) == ["a"]


@pytest.mark.parametrize("way", ["retrying", "given back", "postponed", "lost", "closed"])
def test_if_it_is_taken_both_run_and_the_other_keeps_its_lock(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    broker.push([unique("a", until=Until.START)])
    come_back(w1, w2, clock, way, pushed=[unique("b", until=Until.START, queue="other")])
    clock.advance(10 * MINUTE)

    assert w2.take_one().job.id == "a"
    assert broker.push([unique("c", until=Until.START)]) == ["b"], "a freed the lock of b"
    assert w2.take_one("other").job.id == "b"


def come_back(w1: Driver, w2: Driver, clock: Clock, way: str, pushed: Any = ()) -> None:
    """Let the first worker claim a job, which then waits again."""
    claim = w1.take_one()
    w1.broker.push(pushed)
    let_come_back(w1, w2, clock, way, claim)


def let_come_back(w1: Driver, w2: Driver, clock: Clock, way: str, claim: Claim) -> None:
    match way:
        case "retrying":
            w1.settle(retrying(claim, delay=MINUTE))
        case "given back":
            w1.settle(given_back(claim))
        case "postponed":
            w1.settle(postponed(claim))
        case "lost":
            w1.vanish(clock, noticed_by=w2)
        case "closed":
            w1.close()


# --- keep_for -----------------------------------------------------------------------------------


def test_a_lock_may_be_kept_after_a_success(broker: Broker, clock: Clock, w1: Driver) -> None:
    broker.push([unique("a", keep_for=MINUTE, result_ttl=MINUTE)])
    w1.settle(succeeded(w1.take_one()))

    assert broker.push([unique("b", keep_for=MINUTE)]) == ["a"]
    clock.advance(MINUTE - 1)
    assert broker.push([unique("c", keep_for=MINUTE)]) == ["a"]
    clock.advance(1)
    assert broker.push([unique("d", keep_for=MINUTE)]) == ["d"]


@pytest.mark.parametrize("come_back", [retrying, given_back, postponed])
def test_a_lock_is_kept_from_a_job_that_comes_back_in_the_same_call(
    broker: Broker, w1: Driver, come_back: Any
) -> None:
    broker.push([unique("a", until=Until.START)])
    first = w1.take_one()
    broker.push([unique("b", keep_for=MINUTE, result_ttl=MINUTE)])

    w1.settle(succeeded(w1.take_one()), come_back(first))

    assert broker.push([unique("c")]) == ["b"]


@pytest.mark.parametrize("end", [dead, discarded])
def test_a_lock_is_kept_after_nothing_else(broker: Broker, w1: Driver, end: Any) -> None:
    broker.push([unique("a", keep_for=MINUTE)])

    w1.settle(end(w1.take_one()))

    assert is_free(broker)


def test_a_kept_lock_is_a_conflict_like_any_other(broker: Broker, w1: Driver) -> None:
    broker.push([unique("a", keep_for=MINUTE, result_ttl=MINUTE)])
    w1.settle(succeeded(w1.take_one()))

    assert broker.push([unique("b", on_conflict=REPLACE)]) == ["a"]
    with pytest.raises(DuplicateJob) as raised:
        broker.push([unique("c", on_conflict=OnConflict.RAISE)])
    assert raised.value.holder == "a"


def test_deleting_the_job_frees_a_kept_lock(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", keep_for=MINUTE, result_ttl=MINUTE)])
    w1.settle(succeeded(w1.take_one()))

    assert inspection.delete("a")

    assert is_free(broker)


def test_the_record_of_a_kept_lock_names_its_holder(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.push([unique("a", keep_for=MINUTE, result_ttl=2 * MINUTE)])
    w1.settle(succeeded(w1.take_one()))

    assert found(inspection, "a").lock_holder == "a"
    clock.advance(MINUTE)
    assert found(inspection, "a").lock_holder is None


# --- operators ----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [dead, discarded])
def test_an_ended_job_is_not_retried_while_another_one_holds_its_lock(
    broker: Broker, inspection: Inspection, w1: Driver, end: Any
) -> None:
    broker.push([unique("a")])
    w1.settle(end(w1.take_one()))
    broker.push([unique("b")])

    assert not inspection.retry("a")

    record = found(inspection, "a")
    assert (record.state.is_final, record.lock_holder) == (True, "b")
    w1.settle(succeeded(w1.take_one()))
    assert inspection.retry("a")
    assert broker.push([unique("c")]) == ["a"], "a retried job holds its lock again"


def test_many_are_retried_and_those_that_are_not_are_counted_apart(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a"), unique("b", "d2"), make_job(id="c")])
    w1.settle(*map(dead, w1.take(3)))
    broker.push([unique("new", queue="other")])

    wanted = Filter(states=frozenset({State.DEAD}))
    done = Finder(inspection, wanted).apply(JobAction.RETRY)

    assert (done.number, done.locked) == (2, 1)
    assert found(inspection, "a").state is State.DEAD


def test_of_two_dead_jobs_with_one_lock_only_one_is_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    for job_id in "ab":
        broker.push([unique(job_id)])
        w1.settle(dead(w1.take_one()))

    done = Finder(inspection, Filter(states=frozenset({State.DEAD}))).apply(JobAction.RETRY)

    assert (done.number, done.locked) == (1, 1)


def test_a_kept_lock_of_another_one_keeps_a_job_from_being_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("a", keep_for=MINUTE)])
    w1.settle(dead(w1.take_one()))
    broker.push([unique("b", keep_for=MINUTE, result_ttl=MINUTE)])
    w1.settle(succeeded(w1.take_one()))

    assert not inspection.retry("a")


# --- ticks, moves -------------------------------------------------------------------------------


def test_a_tick_that_finds_the_lock_taken_counts_as_claimed(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([unique("a")])

    assert claim_tick(broker, "hourly", None, 1, unique("b", on_conflict=OnConflict.RAISE))

    assert inspection.last_runs() == {"hourly": "a"}
    assert inspection.counts()[State.QUEUED] == 1
    assert broker.ticks() == {"hourly": 1}


def test_the_job_of_a_tick_holds_its_lock(broker: Broker) -> None:
    claim_tick(broker, "hourly", None, 1, unique("a"))

    assert broker.push([unique("b")]) == ["a"]


def test_a_job_that_comes_from_another_broker_takes_its_lock(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([unique("a")])
    record = found(inspection, "a")
    inspection.delete("a")

    inspection.adopt([record], "arrivals")

    assert found(inspection, "a").job == record.job._replace(queue="arrivals")
    assert broker.push([unique("b")]) == ["a"]


@pytest.mark.parametrize("ahead", [MINUTE, None])
def test_a_successor_that_moves_to_another_broker_is_due_there_at_its_time(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, ahead: int | None
) -> None:
    run_at = ahead and clock.now() + ahead
    broker.push([unique("a", on_conflict=REPLACE)])
    w1.take_one()
    broker.push([unique("s", on_conflict=REPLACE, run_at=run_at)])
    record = found(inspection, "s")
    inspection.delete("s")
    inspection.delete("a")

    elsewhere = record.job._replace(lock=record.job.lock and record.job.lock._replace(digest="d2"))
    inspection.adopt([replace(record, job=elsewhere)], "arrivals")

    moved = found(inspection, "s")
    assert (moved.state, moved.lock_holder) == (State.SCHEDULED, "s")
    assert moved.due_at is not None
    assert moved.due_at == run_at or (run_at is None and moved.due_at <= clock.now())
    inspection.resume("arrivals")
    clock.advance(MINUTE)
    assert w1.take_one("arrivals").job.id == "s"


def test_a_job_from_another_broker_stays_there_while_its_lock_is_taken(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([unique("a")])
    record = found(inspection, "a")
    inspection.delete("a")
    broker.push([unique("b")])

    inspection.adopt([record], "arrivals")

    assert inspection.find("a") is None


# --- members of batches -------------------------------------------------------------------------


def cancelled_member(broker: Broker, **changes: Any) -> None:
    """Store a member with the lock, and cancel its batch."""
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.add([unique("member", batch="b1", **changes)], Membership("b1"))
    broker.batches.cancel("b1")


@pytest.mark.parametrize("on_conflict", OnConflict)
@pytest.mark.parametrize("state", ["queued", "scheduled"])
def test_a_member_of_a_cancelled_batch_keeps_nobody_from_its_lock(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, on_conflict: str, state: str
) -> None:
    """It will not run, so a call that is merged with it would be lost."""
    run_at = clock.now() + MINUTE if state == "scheduled" else None
    cancelled_member(broker, run_at=run_at)

    assert broker.push([unique("a", on_conflict=OnConflict(on_conflict))]) == ["a"]

    check_with_doctor(broker)
    (claim,) = w1.take(5)
    assert claim.job.id == "a"
    assert found(inspection, "a").lock_holder == "a"
    clock.advance(MINUTE)
    w1.settle(succeeded(claim))
    w1.exchange("default")
    assert found(inspection, "member").state is State.DISCARDED
    assert is_free(broker)


def test_a_running_member_of_a_cancelled_batch_keeps_its_lock(broker: Broker, w1: Driver) -> None:
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.add([unique("member", batch="b1")], Membership("b1"))
    claim = w1.take_one()
    broker.batches.cancel("b1")
    assert broker.push([unique("a")]) == ["member"]

    w1.settle(retrying(claim, delay=MINUTE))

    assert broker.push([unique("b")]) == ["b"]


def test_a_member_of_a_cancelled_batch_that_ends_frees_no_lock_of_another(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    cancelled_member(broker)
    broker.push([unique("a", queue="other")])

    assert not w1.take(5)

    assert found(inspection, "a").lock_holder == "a"
    assert broker.push([unique("b")]) == ["a"]


def test_a_successor_in_a_cancelled_batch_makes_way_for_a_newer_call(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([unique("running", on_conflict=REPLACE)])
    claim = w1.take_one()
    broker.batches.open(NewBatch(id="b1"))
    successor = unique("successor", batch="b1", on_conflict=REPLACE)
    assert broker.batches.add([successor], Membership("b1")) == ["successor"]
    broker.batches.cancel("b1")

    assert broker.push([unique("newest", on_conflict=REPLACE)]) == ["newest"]

    assert not w1.take(5)
    assert found(inspection, "successor").state is State.DISCARDED
    batch = broker.batches.find("b1")
    assert batch
    assert batch.counts == BatchCounts(total=1, discarded=1)
    assert found(inspection, "newest").awaits_lock
    w1.settle(succeeded(claim))
    assert [one.job.id for one in w1.take(5)] == ["newest"]
