"""A session that is closed gives back what its worker still holds."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids, taking


def test_the_jobs_of_a_closed_session_go_to_the_front(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    jobs = make_jobs(4)
    broker.push(jobs)
    w1.take(2)

    w1.close()

    assert ids(w2.take(9)) == ids(jobs)


def test_closing_costs_no_attempt(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.close()

    record = found(inspection, claim.job.id)
    assert (record.attempts, record.crashes, record.workers) == (0, 0, ())
    assert w2.take_one().attempt == 1


def test_a_worker_whose_session_is_closed_is_not_missed(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    w1.take_one()

    w1.close()

    assert inspection.workers() == ()
    assert w1.vanish(clock, noticed_by=w2).recovered == ()


def test_closing_twice_or_before_the_first_call_does_no_harm(broker: Broker, w1: Driver) -> None:
    w1.heartbeat()

    w1.close()
    w1.close()
    broker.session("never seen").close()


def test_a_closed_session_leaves_the_jobs_of_others_alone(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(2))
    w1.take_one()
    claim = w2.take_one()

    w1.close()

    assert w2.settle(succeeded(claim)).refused == ()
    assert inspection.counts()[State.QUEUED] == 1


def test_a_closed_session_claims_nothing(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    """Such as a late copy of a call, whose reply nobody reads."""
    w1.heartbeat()
    w1.close()
    broker.push(make_jobs(2))

    reply = w1.exchange("default", limit=2)

    assert (reply.claims, reply.must_beat) == ((), True)
    assert len(w2.take(2)) == 2


# --- leases ------------------------------------------------------------------------------------


def test_a_worker_claims_nothing_before_its_first_heartbeat(broker: Broker, w1: Driver) -> None:
    jobs = make_jobs(2)
    broker.push(jobs)
    take = taking("default", limit=2)

    reply = w1.session.exchange((), take).result()

    assert (reply.claims, reply.must_beat) == ((), True)
    w1.heartbeat()
    reply = w1.session.exchange((), take).result()
    assert (ids(reply.claims), reply.must_beat) == (ids(jobs), False)


def test_a_worker_that_was_missed_claims_nothing_before_its_next_heartbeat(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    take = taking("default", limit=2)

    reply = w1.session.exchange((), take).result()

    assert (reply.claims, reply.must_beat) == ((), True)
    assert w1.heartbeat().lost
    assert len(w1.session.exchange((), take).result().claims) == 2


def test_a_worker_without_a_lease_promotes_jobs_that_are_due(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(run_at=clock.now() + 1_000)])
    clock.advance(1_000)

    reply = w1.session.exchange((), taking("default", limit=1)).result()

    assert (reply.must_beat, reply.due_in) == (True, None)
    assert inspection.counts()[State.QUEUED] == 1
