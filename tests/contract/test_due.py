"""Jobs that are due become queued at the next exchange of any worker."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import given_back, make_job, make_jobs, retrying
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids


def test_a_scheduled_job_is_claimed_when_it_is_due_but_not_before(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 5_000)
    broker.push([job])

    clock.advance(4_999)
    assert w1.take(5) == ()
    clock.advance(1)
    assert ids(w1.take(5)) == [job.id]


def test_a_call_that_claims_nothing_promotes_all_the_same(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    job = make_job(queue="mailers", run_at=clock.now() + 1_000)
    broker.push([job])
    clock.advance(1_000)

    w1.settle()

    assert found(inspection, job.id).state is State.QUEUED
    assert inspection.counts()[State.SCHEDULED] == 0


def test_thousands_may_become_due_at_once(broker: Broker, w1: Driver, clock: Clock) -> None:
    """One call need not promote all, but none may be forgotten until the next is due."""
    jobs = make_jobs(2_500, run_at=clock.now() + 1_000)
    broker.push(jobs)
    clock.advance(1_000)

    claimed: list[str] = []
    while True:
        reservation = w1.exchange("default", limit=3_000)
        claimed += ids(reservation.claims)
        if reservation.due_in is None:
            break
        assert reservation.due_in == 0

    assert sorted(claimed) == sorted(ids(jobs))


def test_due_jobs_are_queued_in_the_order_of_their_times(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    late, early = make_job(run_at=clock.now() + 2_000), make_job(run_at=clock.now() + 1_000)
    broker.push([late, early])

    clock.advance(5_000)

    assert ids(w1.take(5)) == [early.id, late.id]


def test_scheduled_and_retrying_jobs_are_queued_in_the_order_of_their_times(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    broker.push(retried := make_jobs(2))
    w1.settle(*map(retrying, w1.take(2), (1_000, 3_000)))
    broker.push([scheduled := make_job(run_at=clock.now() + 2_000)])

    clock.advance(5_000)

    assert ids(w1.take(5)) == [retried[0].id, scheduled.id, retried[1].id]


def test_jobs_due_at_the_same_time_go_by_priority(broker: Broker, w1: Driver, clock: Clock) -> None:
    due = clock.now() + 1_000
    low, high = make_job(run_at=due, priority=-9), make_job(run_at=due, priority=9)
    broker.push([low, high])

    clock.advance(1_000)

    assert ids(w1.take(5)) == [high.id, low.id]


def test_a_due_job_goes_behind_those_that_wait_already(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    scheduled = make_job(run_at=clock.now() + 1_000)
    broker.push([scheduled])
    waiting = make_jobs(2)
    broker.push(waiting)

    clock.advance(1_000)

    assert ids(w1.take(5)) == [*ids(waiting), scheduled.id]


def test_a_due_job_given_back_goes_to_the_front(broker: Broker, w1: Driver, clock: Clock) -> None:
    job = make_job(run_at=clock.now() + 1_000)
    broker.push([job])
    clock.advance(1_000)
    claim = w1.take_one()
    broker.push(make_jobs(2))

    w1.settle(given_back(claim))

    assert ids(w1.take(1)) == [job.id]


# --- due_in ------------------------------------------------------------------------------------


def test_without_scheduled_jobs_nothing_is_due(broker: Broker, w1: Driver) -> None:
    broker.push(make_jobs(2))

    assert w1.exchange("default").due_in is None


def test_a_reservation_tells_when_the_next_job_is_due(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(run_at=clock.now() + ahead) for ahead in (9_000, 3_000, 6_000)])

    assert w1.exchange("default").due_in == 3_000
    clock.advance(2_990)
    assert w1.exchange("default").due_in == 10
    clock.advance(10)
    assert w1.exchange("default").due_in == 3_000


def test_a_retrying_job_becomes_due_too(broker: Broker, w1: Driver, clock: Clock) -> None:
    broker.push([make_job(), make_job(run_at=clock.now() + 9_000)])
    claim = w1.take_one()

    assert w1.settle(retrying(claim, delay=700)).due_in == 700


def test_a_job_that_was_cancelled_is_not_due_any_more(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    first, second = make_job(run_at=clock.now() + 1_000), make_job(run_at=clock.now() + 2_000)
    broker.push([first, second])

    inspection.cancel(first.id)
    inspection.delete(second.id)

    assert w1.exchange("default").due_in is None
