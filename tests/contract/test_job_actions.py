"""Operators retry, cancel, delete and clear jobs."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import DEFERRED, DISCARDED_KEPT_MS, LINED_UP
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
from tests.support.driver import Driver, found, ids, one_in_each_state

WAITING = [*LINED_UP, *DEFERRED]
RETRIABLE = [State.DEAD, State.DISCARDED, State.RETRYING, State.SCHEDULED]


def others(states: list[State]) -> list[State]:
    return [state for state in State if state not in states]


@pytest.mark.parametrize("verb", ["retry", "cancel", "delete"])
def test_an_unknown_job_cannot_be_changed(inspection: Inspection, verb: str) -> None:
    assert not getattr(inspection, verb)("never pushed")
    assert inspection.find("never pushed") is None
    assert sum(inspection.counts().values()) == 0


# --- retry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", RETRIABLE)
def test_a_job_may_be_retried_at_once(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]

    assert inspection.retry(job_id)

    record = found(inspection, job_id)
    assert (record.state, record.finished_at) == (State.QUEUED, None)
    assert inspection.counts()[state] == 0
    assert inspection.jobs(state) == ()
    assert job_id in ids(w1.take(5))


@pytest.mark.parametrize("state", others(RETRIABLE))
def test_a_job_in_another_state_cannot_be_retried(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]
    before = inspection.find(job_id)

    assert not inspection.retry(job_id)

    assert inspection.find(job_id) == before


@pytest.mark.parametrize("end", [dead, discarded])
def test_an_ended_job_that_is_retried_counts_from_zero_again(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock, end: type
) -> None:
    broker.push([make_job()])
    w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    failures = (make_failure(message="one"), make_failure(message="two"))
    w1.settle(retrying(w1.take_one(), failure=failures[0]))
    claim = w1.take_one()
    w1.settle(end(claim, failure=failures[1]))

    inspection.retry(claim.job.id)

    record = found(inspection, claim.job.id)
    assert (record.attempts, record.crashes) == (0, 0)
    assert record.failures == failures
    assert w1.take_one().attempt == 1


def test_a_retrying_job_that_is_retried_keeps_its_count(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.settle(retrying(claim, delay=60_000))

    inspection.retry(claim.job.id)

    assert w1.take_one().attempt == 2


@pytest.mark.parametrize("state", [State.SCHEDULED, State.RETRYING])
def test_a_job_that_was_retried_at_once_does_not_come_at_its_old_time_too(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]
    inspection.retry(job_id)
    w1.settle(*map(succeeded, w1.take(5)))

    clock.advance(60_000)

    assert job_id not in ids(w1.take(5))


def test_a_retried_job_goes_behind_those_that_wait(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    w1.settle(dead(claim))
    waiting = make_job()
    broker.push([waiting])

    inspection.retry(claim.job.id)

    assert ids(w1.take(5)) == [waiting.id, claim.job.id]


# --- cancel ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", WAITING)
def test_a_waiting_job_may_be_cancelled(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]
    clock.advance(1_000)

    assert inspection.cancel(job_id)

    record = found(inspection, job_id)
    assert (record.state, record.finished_at) == (State.DISCARDED, clock.now())
    assert inspection.counts()[state] == 0
    assert ids(inspection.jobs(State.DISCARDED))[0] == job_id
    clock.advance(120_000)
    assert job_id not in ids(w1.take(9))


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.DEAD, State.DISCARDED])
def test_a_job_that_has_ended_cannot_be_cancelled(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]
    before = inspection.find(job_id)

    assert not inspection.cancel(job_id)

    assert inspection.find(job_id) == before


def test_a_cancelled_job_keeps_its_history(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    failure = make_failure()
    w1.settle(retrying(claim, delay=1_000, failure=failure))

    inspection.cancel(claim.job.id)

    record = found(inspection, claim.job.id)
    assert (record.attempts, record.workers, record.failures) == (1, ("w1",), (failure,))


def test_a_cancelled_job_is_kept_as_other_discarded_ones(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    job = make_job()
    broker.push([job])
    inspection.cancel(job.id)

    clock.advance(DISCARDED_KEPT_MS - 1)
    w1.settle()
    assert inspection.find(job.id) is not None
    clock.advance(2)
    w1.settle()
    assert inspection.find(job.id) is None


def test_a_cancelled_job_may_be_retried(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    job = make_job()
    broker.push([job])
    inspection.cancel(job.id)

    assert inspection.retry(job.id)

    assert w1.take_one().attempt == 1


# --- delete and clear ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", others([State.RUNNING]))
def test_a_job_that_is_not_running_may_be_deleted(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]

    assert inspection.delete(job_id)

    assert inspection.find(job_id) is None
    assert inspection.counts()[state] == 0
    assert inspection.jobs(state) == ()
    assert not inspection.delete(job_id)
    clock.advance(120_000)
    assert job_id not in ids(w1.take(9))


def test_a_running_job_cannot_be_deleted(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    assert not inspection.delete(claim.job.id)

    assert found(inspection, claim.job.id).state is State.RUNNING
    assert w1.settle(succeeded(claim)).refused == ()


def test_a_deleted_job_may_be_pushed_again(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    w1.settle(dead(w1.take_one()))
    inspection.delete(job.id)

    broker.push([job])

    assert w1.take_one().attempt == 1
    assert found(inspection, job.id).failures == ()


def test_clearing_a_queue_forgets_its_queued_jobs_only(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = one_in_each_state(broker, w1, clock)
    queued = make_jobs(1_500)
    broker.push([*queued, make_job(queue="other")])

    assert inspection.clear("default") == 1_502

    assert inspection.find(queued[0].id) is None
    assert inspection.find(jobs[State.QUEUED]) is None
    assert dict(inspection.counts()) == {**dict.fromkeys(State, 1), State.WAITING: 0}
    assert w1.take(5) == ()
    assert len(w1.take(5, "other")) == 1


def test_clearing_an_unknown_or_empty_queue_forgets_nothing(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push(make_jobs(2))

    assert inspection.clear("unknown") == 0
    assert inspection.clear("default") == 2
    assert inspection.clear("default") == 0


def test_a_job_that_was_cleared_while_it_ran_before_does_not_come_back(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.settle(given_back(claim))
    inspection.clear("default")

    assert w1.settle(given_back(claim)).refused == (claim.job.id,)
    assert w2.take(5) == ()
