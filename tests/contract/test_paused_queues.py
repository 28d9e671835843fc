"""A paused queue takes jobs and gives out none."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, ids


def test_a_paused_queue_takes_jobs_but_gives_none(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    job = make_job()
    inspection.pause("default")

    broker.push([job])

    assert w1.take(5) == ()
    (queue,) = inspection.queues()
    assert (queue.size, queue.paused) == (1, True)

    inspection.resume("default")

    assert ids(w1.take(5)) == [job.id]
    assert not inspection.queues()[0].paused


def test_jobs_that_run_while_their_queue_is_paused_end_as_usual(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    inspection.pause("default")

    assert w1.settle(succeeded(claim)).refused == ()


def test_jobs_of_a_paused_queue_become_due_as_usual(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(run_at=clock.now() + 1_000)])
    inspection.pause("default")
    clock.advance(1_000)

    assert w1.take(5) == ()
    assert inspection.counts()[State.QUEUED] == 1


def test_pausing_twice_is_undone_by_one_resume(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(1))
    inspection.pause("default")
    inspection.pause("default")

    inspection.resume("default")
    inspection.resume("never paused")

    assert len(w1.take(5)) == 1
