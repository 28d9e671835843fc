"""A worker that stops gives back what it still holds."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.driver import Clock, Driver, found, ids, make_job, make_jobs, succeeded


def test_the_jobs_of_a_worker_that_leaves_go_to_the_front(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    jobs = make_jobs(4)
    broker.push(jobs)
    w1.take(2)

    w1.leave()

    assert ids(w2.take(9)) == ids(jobs)


def test_leaving_costs_no_attempt(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.leave()

    record = found(inspection, claim.job.id)
    assert (record.attempts, record.crashes, record.workers) == (0, 0, ())
    assert w2.take_one().attempt == 1


def test_who_left_is_not_missed(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    w1.take_one()

    w1.leave()

    assert inspection.workers() == ()
    assert w1.vanish(clock, noticed_by=w2).recovered == ()


def test_leaving_twice_or_unknown_does_no_harm(broker: Broker, w1: Driver) -> None:
    w1.heartbeat()

    w1.leave()
    w1.leave()
    broker.leave("never seen")


def test_who_left_leaves_the_jobs_of_others_alone(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(2))
    w1.take_one()
    claim = w2.take_one()

    w1.leave()

    assert w2.settle(succeeded(claim)).refused == ()
    assert inspection.counts()[State.QUEUED] == 1
