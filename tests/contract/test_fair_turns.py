"""Jobs of one queue take turns by their fair keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import FairKey, Inspection, JobAction
from django_jobs.jobs.records import JOB_FORMAT, Claim, Job, Lock, OnConflict, State, Turn
from django_jobs.validation.ranges import FAIR_WEIGHT
from tests.support.builders import given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, past_lease


def jobs_of(key: str | None, number: int, weight: int = 1, **changes: Any) -> list[Job]:
    turn = None if key is None else Turn(key, weight)
    return make_jobs(number, turn=turn, metadata=f'{{"key":"{key}"}}', **changes)


def keys(claims: Sequence[Claim]) -> str:
    """The keys of claims, as their metadata tells them."""
    return "".join(claim.job.metadata.split('"')[3] for claim in claims)


def push(broker: Broker, *jobs: Sequence[Job]) -> None:
    for some in jobs:
        broker.push(some)


def test_a_newcomer_is_next_whatever_another_has_waiting(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 1_000), jobs_of("B", 3))
    assert sorted(keys(w1.take(6))) == list("AAABBB")
    push(broker, jobs_of("C", 1))
    assert "C" in keys(w1.take(3))


def test_jobs_of_one_key_keep_their_order(broker: Broker, w1: Driver) -> None:
    jobs = jobs_of("A", 20)
    push(broker, *([job] for job in jobs), jobs_of("B", 20))
    started = [claim.job.id for claim in w1.take(40) if '"A"' in claim.job.metadata]
    assert started == [job.id for job in jobs]


@pytest.mark.parametrize("weight", range(1, FAIR_WEIGHT.high + 1))
def test_a_weight_gives_so_many_turns(broker: Broker, w1: Driver, weight: int) -> None:
    push(broker, jobs_of("A", 40 * weight, weight), jobs_of("B", 50))
    counted = Counter(keys(w1.take(30 * (weight + 1))))
    # Exact to one percent, and to one turn at either end.
    assert abs(counted["A"] - 30 * weight) <= 0.01 * 30 * weight + 1
    assert abs(counted["B"] - 30) <= 1.3


@pytest.mark.parametrize("weight", range(1, FAIR_WEIGHT.high + 1))
def test_ever_new_keys_keep_no_job_waiting(broker: Broker, w1: Driver, weight: int) -> None:
    """Whenever one of them starts, the next comes, which never had a turn before."""
    push(broker, jobs_of("old", 3), jobs_of("new", 1, weight))
    old = 0
    for number in range(3 * weight + 10):
        claim = w1.take_one()
        if keys([claim]) == "old":
            old += 1
        else:
            push(broker, jobs_of(f"new{number}", 1, weight))
        w1.settle(succeeded(claim))
    assert old == 3


def test_priority_goes_before_turns(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 5), jobs_of("A", 5, priority=1), jobs_of("B", 1, priority=-1))
    assert keys(w1.take(11)) == "A" * 10 + "B"


@pytest.mark.parametrize("priority", [-100, -99, 0, 100])
def test_turns_hold_within_each_priority(broker: Broker, w1: Driver, priority: int) -> None:
    push(broker, jobs_of("A", 500), jobs_of("A", 500, priority=priority))
    w1.take(300)
    push(broker, jobs_of("B", 1, priority=priority))
    found = broker.inspection.fair_keys("default")
    assert {(one.key, one.priority) for one in found} >= {("A", priority), ("B", priority)}
    claims = w1.take(1_000)
    same = keys([claim for claim in claims if claim.job.priority == priority])
    assert same.index("B") <= 1
    check_with_doctor(broker)


def test_jobs_without_a_key_take_turns_together(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 100), jobs_of(None, 100), jobs_of("B", 100))
    counted = Counter(keys(w1.take(30)))
    assert all(9 <= number <= 11 for number in counted.values())


def test_jobs_that_were_there_before_the_first_key_go_first(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of(None, 5), jobs_of("A", 5), jobs_of(None, 5))
    assert keys(w1.take(5)) == "None" * 5
    assert sorted(keys(w1.take(2))) == sorted("NoneA")


def test_a_queue_without_keys_keeps_the_order_of_arrivals(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 2))
    w1.settle(*map(succeeded, w1.take(2)))
    plain = make_jobs(5)
    push(broker, plain[:3], plain[3:])
    assert not any(queue.has_turns for queue in broker.inspection.queues())
    assert [claim.job.id for claim in w1.take(5)] == [job.id for job in plain]


def test_a_job_given_back_goes_first(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 10), jobs_of("B", 10))
    claims = w1.take(10)
    w1.settle(given_back(claims[4]))
    assert w1.take_one().job.id == claims[4].job.id


def test_a_job_given_back_after_its_turns_were_forgotten_goes_first(
    broker: Broker, w1: Driver
) -> None:
    push(broker, jobs_of("A", 100))
    claims = w1.take(100)
    push(broker, jobs_of("B", 100))
    w1.settle(given_back(claims[99]))
    assert w1.take_one().job.id == claims[99].job.id
    check_with_doctor(broker)


def test_a_job_given_back_to_an_empty_queue_does_not_starve(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 100))
    claims = w1.take(100)
    w1.heartbeat()
    w1.settle(given_back(claims[99]))
    push(broker, make_jobs(100))
    assert w1.take_one().job.id == claims[99].job.id
    check_with_doctor(broker)


def test_jobs_of_a_lost_worker_go_first(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    push(broker, jobs_of("A", 10), jobs_of("B", 10))
    lost = w1.take(3)
    clock.advance(past_lease(broker))
    w2.heartbeat()
    w2.heartbeat()
    assert {claim.job.id for claim in w2.take(3)} == {claim.job.id for claim in lost}


def test_a_retry_goes_to_the_end_of_its_own_turns(broker: Broker, clock: Clock, w1: Driver) -> None:
    push(broker, jobs_of("A", 10), jobs_of("B", 10))
    failed = w1.take_one()
    w1.settle(retrying(failed, delay=1_000))
    clock.advance(1_001)
    order = [claim.job.id for claim in w1.take(20)]
    assert order.index(failed.job.id) >= 18


@pytest.mark.parametrize("verb", [JobAction.CANCEL, JobAction.DELETE])
def test_a_key_whose_jobs_are_gone_is_not_behind_all(
    broker: Broker, w1: Driver, verb: JobAction
) -> None:
    gone = jobs_of("A", 500)
    push(broker, gone, jobs_of("B", 20), jobs_of("C", 20))
    for job in gone:
        broker.inspection.apply_one(verb, job.id)
    push(broker, jobs_of("A", 1), jobs_of("B", 500), jobs_of("C", 500))
    # As if the key had the forty jobs that were waiting, and not five hundred.
    assert "A" in keys(w1.take(3 * 41))
    check_with_doctor(broker)


def test_a_cleared_queue_begins_again(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 500))
    broker.inspection.clear("default")
    push(broker, jobs_of("B", 5), jobs_of("A", 1))
    assert "A" in keys(w1.take(2))


def test_moved_jobs_take_turns_where_they_come_to(broker: Broker, w1: Driver) -> None:
    moved = jobs_of("A", 3)
    push(broker, moved, jobs_of("B", 50, queue="other"))
    ids = [job.id for job in moved]
    assert broker.inspection.move(ids, "default", "other") == tuple(ids)
    assert keys(w1.take(6, "other")).count("A") >= 2
    check_with_doctor(broker)


def test_jobs_moved_out_of_turns_stand_behind_plain_ones(broker: Broker, w1: Driver) -> None:
    push(broker, jobs_of("A", 1), jobs_of(None, 1), make_jobs(3, queue="other"))
    queued = broker.inspection.jobs(State.QUEUED, queue="default")
    left = [record.job.id for record in queued]
    broker.inspection.move(left, "default", "other")
    push(broker, make_jobs(3, queue="other"))
    assert len(w1.take(8, "other")) == 8
    check_with_doctor(broker)


def test_the_longest_lines_of_a_queue_are_told(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    assert inspection.fair_keys("default") == ()
    push(broker, jobs_of("A", 30), jobs_of("B", 8, weight=4), jobs_of(None, 2))
    push(broker, jobs_of("A", 1, priority=5))
    assert inspection.fair_keys("default") == (
        FairKey("A", 0, 30),
        FairKey("", 0, 2),
        FairKey("B", 0, 2),
        FairKey("A", 5, 1),
    )
    assert [queue.has_turns for queue in inspection.queues()] == [True]
    w1.take(36)
    assert inspection.fair_keys("default") == (FairKey("A", 0, 5),)


def test_no_more_than_twenty_keys_are_told(broker: Broker, inspection: Inspection) -> None:
    push(broker, *(jobs_of(f"c{n}", 1 + n) for n in range(30)), jobs_of("x", 40, priority=-3))
    found = inspection.fair_keys("default")
    assert [one.rounds for one in found] == [40, *range(30, 11, -1)]


def test_no_line_is_longer_than_jobs_wait(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    gone = jobs_of("A", 9)
    push(broker, gone, jobs_of("B", 2))
    for job in gone:
        inspection.cancel(job.id)
    assert inspection.fair_keys("default") == (FairKey("A", 0, 2), FairKey("B", 0, 2))
    w1.take(2)
    assert inspection.fair_keys("default") == ()


def test_a_job_keeps_its_key(broker: Broker, inspection: Inspection) -> None:
    job = make_job(turn=Turn("ä:\n☃", 7))
    push(broker, [job])
    record = inspection.find(job.id)
    assert record is not None
    assert record.job == job


def test_a_call_in_the_place_of_a_unique_job_takes_a_turn_of_its_own_key(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    lock = Lock("d1", on_conflict=OnConflict.REPLACE)
    old = jobs_of("B", 1, lock=lock)
    push(broker, jobs_of("A", 5), old, jobs_of("C", 1, lock=lock))
    record = inspection.find(old[0].id)
    assert record is not None
    assert record.job.turn == Turn("C")
    claims = w1.take(3)
    assert sorted(keys(claims)) == list("AAC")
    (running,) = [claim for claim in claims if claim.job.id == old[0].id]
    push(broker, jobs_of("D", 1, lock=lock))
    assert keys(w1.take(1)) == "A"  # D waits for the end of C
    w1.settle(succeeded(running))
    assert "D" in keys(w1.take(2))
    check_with_doctor(broker)


def test_after_a_cancel_the_rest_of_a_key_keeps_its_turns(broker: Broker, w1: Driver) -> None:
    """Nobody takes the turns of the cancelled ones, and newer jobs do not wait for them."""
    jobs = jobs_of("A", 100)
    push(broker, jobs, jobs_of("B", 200))
    for job in jobs[:90]:
        broker.inspection.cancel(job.id)
    push(broker, jobs_of("A", 1))
    started = keys(w1.take(211))
    assert started.count("A") == 11
    assert started[90:].count("A") >= 10
    check_with_doctor(broker)


@pytest.mark.parametrize("seed", range(4))
def test_a_newcomer_starts_within_as_many_turns_as_there_are_keys(
    broker: Broker, clock: Clock, w1: Driver, seed: int
) -> None:
    """Whatever happened to the queue before, and whatever the others have waiting."""
    random = Random(seed)
    held: list[Claim] = []
    for step in range(120):
        what = random.random()
        if what < 0.5:
            key = random.choice(["A", "B", "C", "D", "E", f"guest{step}"])
            number = random.choice([1, 3, 40])
            later = random.choice([None, None, clock.now() + 3_000])
            jobs = jobs_of(key, number, priority=random.choice([0, 0, 5]), run_at=later)
            push(
                broker, [job._replace(format=JOB_FORMAT + (random.random() < 0.1)) for job in jobs]
            )
        elif what < 0.8:
            held += w1.take(random.choice([1, 7, 30]))
        elif what < 0.9 and held:
            claim = held.pop(random.randrange(len(held)))
            w1.settle(random.choice([given_back(claim), retrying(claim), succeeded(claim)]))
        elif what < 0.92:
            broker.inspection.clear("default")
        else:
            clock.advance(1_000)
            w1.heartbeat()
        if step % 10 == 9:
            _check_newcomer(broker, w1, f"new{step}")
    check_with_doctor(broker)


def _check_newcomer(broker: Broker, w1: Driver, key: str) -> None:
    job = make_job(turn=Turn(key), priority=5)
    w1.settle(*map(succeeded, w1.take(12)))  # what was given back goes first, and is no turn
    records = broker.inspection.jobs(State.QUEUED, queue="default", limit=10_000)
    others = {record.job.turn for record in records if record.job.priority == 5}
    push(broker, [job])
    claims = w1.take(len(others) + 1)
    assert job.id in [claim.job.id for claim in claims]
    w1.settle(*map(succeeded, claims))
