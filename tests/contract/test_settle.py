"""A settlement moves a job to its next state."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    make_failure,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids


def test_a_success_keeps_its_result(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(succeeded(claim, result='{"paid": "12 €"}'))

    record = found(inspection, claim.job.id)
    assert (record.state, record.result) == (State.SUCCEEDED, '{"paid": "12 €"}')
    assert (record.attempts, record.workers, record.failures) == (1, ("w1",), ())


def test_a_result_of_a_success_may_be_null(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(succeeded(claim))

    assert found(inspection, claim.job.id).result == "null"


@pytest.mark.parametrize(
    ("end", "state"), [(dead, State.DEAD), (discarded, State.DISCARDED), (retrying, State.RETRYING)]
)
def test_an_error_is_kept_with_the_job(
    broker: Broker, inspection: Inspection, w1: Driver, end: type, state: State
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    failure = make_failure(message="out of stock")

    w1.settle(end(claim, failure=failure, **({"delay": 1_000} if end is retrying else {})))

    record = found(inspection, claim.job.id)
    assert (record.state, record.failures) == (state, (failure,))
    assert (record.attempts, record.result) == (1, None)


def test_a_discarded_job_needs_no_error(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(discarded(claim))

    record = found(inspection, claim.job.id)
    assert (record.state, record.failures) == (State.DISCARDED, ())


@pytest.mark.parametrize("end", [succeeded, dead, discarded])
def test_an_ended_job_is_never_claimed_again(
    broker: Broker, w1: Driver, clock: Clock, end: type
) -> None:
    broker.push([make_job()])
    w1.settle(end(w1.take_one()))

    clock.advance(10 * 86_400_000)

    assert w1.take(5) == ()


def test_many_settlements_travel_in_one_call(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(400))
    claims = w1.take(400)
    ends = (succeeded, dead, discarded, given_back)

    reservation = w1.settle(*(ends[n % 4](claim) for n, claim in enumerate(claims)))

    counts = inspection.counts()
    assert reservation.refused == ()
    assert {state: number for state, number in counts.items() if number} == {
        State.SUCCEEDED: 100,
        State.DEAD: 100,
        State.DISCARDED: 100,
        State.QUEUED: 100,
    }


# --- tried again -------------------------------------------------------------------------------


def test_a_retrying_job_waits_for_its_time(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(retrying(claim, delay=5_000))

    record = found(inspection, claim.job.id)
    assert (record.state, record.due_at) == (State.RETRYING, clock.now() + 5_000)
    assert record.finished_at is None
    clock.advance(4_999)
    assert w1.take(5) == ()
    clock.advance(1)
    assert ids(w1.take(5)) == [claim.job.id]


def test_the_next_attempt_has_the_next_number(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job()])
    first = w1.take_one()
    w1.settle(retrying(first))

    second = w2.take_one()

    assert (first.attempt, second.attempt) == (1, 2)
    assert second.token > first.token
    record = found(inspection, first.job.id)
    assert (record.attempts, record.workers) == (2, ("w1", "w2"))


def test_a_job_retried_without_delay_may_be_claimed_in_the_same_call(
    broker: Broker, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    reservation = w1.exchange("default", settlements=[retrying(claim, delay=0)])

    assert [it.attempt for it in reservation.claims] == [2]


def test_a_retried_job_goes_behind_jobs_that_came_later(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.settle(retrying(claim, delay=1_000))
    waiting = make_job()
    broker.push([waiting])

    clock.advance(1_000)

    assert ids(w1.take(5)) == [waiting.id, claim.job.id]


def test_a_retried_job_keeps_its_priority(broker: Broker, w1: Driver, clock: Clock) -> None:
    broker.push([make_job(priority=5)])
    claim = w1.take_one()
    w1.settle(retrying(claim, delay=1_000))
    broker.push(make_jobs(2))

    clock.advance(1_000)

    assert ids(w1.take(1)) == [claim.job.id]


def test_a_job_may_succeed_after_errors(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([make_job()])
    w1.settle(retrying(w1.take_one()))
    claim = w1.take_one()

    w1.settle(succeeded(claim, result="7"))

    record = found(inspection, claim.job.id)
    assert (record.state, record.result, record.attempts) == (State.SUCCEEDED, "7", 2)
    assert [failure.attempt for failure in record.failures] == [1]


# --- given back --------------------------------------------------------------------------------


def test_a_job_given_back_costs_no_attempt(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(given_back(claim))

    record = found(inspection, claim.job.id)
    assert (record.state, record.attempts, record.crashes) == (State.QUEUED, 0, 0)
    assert (record.workers, record.failures) == ((), ())
    again = w2.take_one()
    assert again.attempt == 1
    assert again.token > claim.token


def test_a_later_attempt_given_back_keeps_the_earlier_ones(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job()])
    w1.settle(retrying(w1.take_one()))
    claim = w2.take_one()

    w2.settle(given_back(claim))

    record = found(inspection, claim.job.id)
    assert (record.attempts, record.workers, len(record.failures)) == (1, ("w1",), 1)
    assert w2.take_one().attempt == 2


def test_jobs_given_back_go_before_those_that_came_later(broker: Broker, w1: Driver) -> None:
    jobs = make_jobs(5)
    broker.push(jobs)
    first, second, third = w1.take(3)

    w1.settle(given_back(third), given_back(first), given_back(second))

    assert ids(w1.take(9)) == ids(jobs)


def test_a_job_given_back_late_goes_before_jobs_that_came_later(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    (job,) = make_jobs(1)
    broker.push([job])
    claim = w1.take_one()
    later = make_jobs(3)
    clock.advance(60_000)
    broker.push(later)

    w1.settle(given_back(claim))

    assert ids(w1.take(9)) == ids([job, *later])


def test_a_job_given_back_does_not_overtake_a_higher_priority(broker: Broker, w1: Driver) -> None:
    (low,) = make_jobs(1, priority=-5)
    broker.push([low])
    claim = w1.take_one()
    high = make_job(priority=5)
    broker.push([high, make_job(priority=-5)])

    w1.settle(given_back(claim))

    assert ids(w1.take(2)) == [high.id, low.id]


def test_a_retried_job_given_back_keeps_its_place(broker: Broker, w1: Driver, clock: Clock) -> None:
    broker.push([make_job()])
    w1.settle(retrying(w1.take_one(), delay=1_000))
    clock.advance(1_000)
    claim = w1.take_one()
    broker.push(make_jobs(2))

    w1.settle(given_back(claim))

    assert ids(w1.take(1)) == [claim.job.id]


def test_a_job_given_back_may_be_claimed_in_the_same_call(broker: Broker, w1: Driver) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    reservation = w1.exchange("default", settlements=[given_back(claim)])

    assert [it.attempt for it in reservation.claims] == [1]
    assert reservation.claims[0].token > claim.token
