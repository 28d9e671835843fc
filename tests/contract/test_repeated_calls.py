"""A call that is sent again after a lost reply does nothing anew."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection, Totals
from django_jobs.brokers.messages import Call, Order, Pulse, Share
from django_jobs.jobs.records import State
from tests.support.driver import (
    Clock,
    Driver,
    found,
    given_back,
    ids,
    make_job,
    make_jobs,
    past_lease,
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
    stale = succeeded(spare)._replace(token=spare.token + 1)

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


def test_a_call_that_comes_after_its_successor_changes_nothing(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(3))
    first = w1.take_one()
    second = w1.take_one()

    late = broker.reserve("w1", Call(1, [Share("default", 1)], 1, [succeeded(first)]))

    assert (late.claims, late.refused) == ((), ())
    assert w1.settle(succeeded(first), succeeded(second)).refused == ()
    assert len(w2.take(3)) == 1


def test_each_worker_counts_its_own_calls(broker: Broker, w1: Driver, w2: Driver) -> None:
    jobs = make_jobs(2)
    broker.push(jobs)

    assert ids(w1.take(1)) + ids(w2.take(1)) == ids(jobs)


# --- heartbeats ----------------------------------------------------------------------------------


def test_an_order_whose_answer_was_lost_comes_again(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    w1.heartbeat()
    inspection.order("w1", Order.STOP)

    assert w1.heartbeat().order is Order.STOP
    assert w1.repeat_heartbeat().order is Order.STOP
    assert w1.heartbeat().order is None


def test_a_repeated_heartbeat_counts_attempts_once(inspection: Inspection, w1: Driver) -> None:
    w1.heartbeat(succeeded=3, failed=1)
    w1.repeat_heartbeat()

    assert inspection.totals() == Totals(succeeded=3, failed=1)


def test_what_came_back_is_told_again(broker: Broker, w1: Driver, w2: Driver, clock: Clock) -> None:
    broker.push(make_jobs(1))
    w1.take(1)
    pulse = w1.vanish(clock, noticed_by=w2)

    assert pulse.recovered
    assert w2.repeat_heartbeat() == pulse


def test_a_repeated_heartbeat_tells_that_jobs_were_lost(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    w1.heartbeat()
    w1.take(1)
    w1.vanish(clock, noticed_by=w2)

    assert w1.repeat_heartbeat().lost
    assert not w1.repeat_heartbeat().lost
    w1.vanish(clock, noticed_by=w2)
    assert w1.heartbeat().lost
    assert w1.repeat_heartbeat().lost


def test_a_repeated_heartbeat_renews_the_lease(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    w1.heartbeat()
    claim = w1.take_one()
    clock.advance(past_lease(broker) // 2)
    w2.heartbeat()
    w1.repeat_heartbeat()
    clock.advance(past_lease(broker) // 2 + 1)

    assert w2.heartbeat().recovered == ()
    assert w1.settle(succeeded(claim)).refused == ()


def test_a_heartbeat_that_comes_after_its_successor_changes_nothing(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    late = w1.info(succeeded=3)
    w1.heartbeat(succeeded=3)
    w1.heartbeat()
    w1.take_one()
    w1.vanish(clock, noticed_by=w2)

    assert broker.heartbeat(late, 1) == Pulse()
    assert inspection.totals().succeeded == 3
    assert w1.heartbeat().lost
