"""A call that is sent again after a lost reply does nothing anew."""

from __future__ import annotations

from dataclasses import replace

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection import Inspection
from django_jobs.job import State
from tests.contract.tools import (
    Clock,
    Driver,
    found,
    given_back,
    ids,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)


def test_the_same_call_returns_the_same_reservation(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([*make_jobs(5), make_job(run_at=clock.now() + 9_000)])
    reservation = w1.reserve("default", limit=2)

    assert w1.repeat() == reservation
    assert w1.repeat() == reservation
    assert inspection.counts()[State.RUNNING] == 2


def test_a_large_reservation_comes_again_in_the_same_order(broker: Broker, w1: Driver) -> None:
    broker.push(make_jobs(100, priority=0) + make_jobs(400, priority=1))
    w1.take(50)
    claims = w1.take(300)

    assert w1.repeat().claims == claims


def test_a_repeated_call_keeps_tokens_and_times(broker: Broker, w1: Driver, clock: Clock) -> None:
    broker.push(make_jobs(2))
    claims = w1.reserve("default", limit=2).claims
    clock.advance(4_000)

    assert w1.repeat().claims == claims


def test_an_empty_reservation_stays_empty(broker: Broker, w1: Driver) -> None:
    w1.reserve("default", limit=5)
    broker.push(make_jobs(1))

    assert w1.repeat().claims == ()
    assert len(w1.take(5)) == 1


def test_settlements_sent_twice_take_effect_once(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    jobs = make_jobs(3)
    broker.push(jobs)
    good, bad, spare = w1.take(3)
    stale = replace(succeeded(spare), token=spare.token + 1)

    first = w1.settle(succeeded(good), retrying(bad, delay=60_000), stale)
    second = w1.repeat()

    assert first.refused == second.refused == (spare.job.id,)
    record = found(inspection, bad.job.id)
    assert (record.state, record.attempts, len(record.failures)) == (State.RETRYING, 1, 1)


def test_a_job_given_back_twice_is_queued_once(broker: Broker, w1: Driver, w2: Driver) -> None:
    broker.push(make_jobs(1))
    w1.settle(given_back(w1.take_one()))
    claim = w2.take_one()

    w1.repeat()

    assert w1.take(5) == ()
    assert w2.settle(succeeded(claim)).refused == ()


def test_a_repeated_call_claims_what_was_claimed_with_settlements(
    broker: Broker, w1: Driver
) -> None:
    jobs = make_jobs(3)
    broker.push(jobs)
    claim = w1.take_one()

    first = w1.reserve("default", settlements=[succeeded(claim)])

    assert ids(first.claims) == [jobs[1].id]
    assert w1.repeat() == first
    assert ids(w1.take(5)) == [jobs[2].id]


def test_claims_that_were_lost_since_are_not_returned_again(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    w1.take(2)
    w1.vanish(clock, noticed_by=w2)

    assert w1.repeat().claims == ()


def test_claims_that_another_worker_has_now_are_not_returned_again(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    w1.take(2)
    w1.vanish(clock, noticed_by=w2)
    w2.take_one()

    assert w1.repeat().claims == ()


def test_a_lost_worker_may_go_on_with_its_next_call(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    w1.take_one()
    w1.vanish(clock, noticed_by=w2)

    claim = w1.take_one()

    assert claim.attempt == 2
    assert w1.repeat().claims == (claim,)


def test_each_worker_counts_its_own_calls(broker: Broker, w1: Driver, w2: Driver) -> None:
    jobs = make_jobs(2)
    broker.push(jobs)

    assert ids(w1.take(1)) + ids(w2.take(1)) == ids(jobs)
