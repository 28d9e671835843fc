"""A job that a worker does not know waits for one that does, at no cost of an attempt."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import LONGEST_PAUSE_MS, POSTPONED_MS, SHORTEST_PAUSE_MS
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import JOB_FORMAT, Claim, State
from tests.support.builders import make_failure, make_job, postponed, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids

NEWER = JOB_FORMAT + 1
UNKNOWN_FORMAT = "django_jobs.errors.UnknownFormat"


def postpone_again(worker: Driver, clock: Clock, pause: int) -> Claim:
    """Claim a job when its pause is over, and postpone it once more."""
    clock.advance(pause - 1)
    assert worker.take() == ()
    clock.advance(1)
    claim = worker.take_one()
    worker.settle(postponed(claim))
    return claim


def test_a_postponed_job_costs_no_attempt_and_says_why_it_waits(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    failure = make_failure(message="no such task")

    w1.settle(postponed(claim, failure=failure, metadata='{"seen": 1}'))

    record = found(inspection, claim.job.id)
    assert (record.state, record.due_at) == (State.SCHEDULED, clock.now() + SHORTEST_PAUSE_MS)
    assert record.postponement == (clock.now(), failure)
    assert (record.attempts, record.workers, record.failures) == (0, (), ())
    assert (record.started_at, record.last_attempted_at) == (None, None)
    assert record.job.metadata == '{"seen": 1}'
    assert inspection.postponed_tasks() == {claim.job.task: clock.now()}


def test_the_pause_grows_as_the_job_gets_older_up_to_a_bound(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    since = clock.now()
    w1.settle(postponed(w1.take_one()))
    pauses = [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000]
    for pause in [*pauses, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS]:
        claim = postpone_again(w1, clock, pause)

    record = found(inspection, claim.job.id)
    assert record.postponement is not None
    assert (record.postponement.since, record.attempts, claim.attempt) == (since, 0, 1)


def test_a_worker_that_knows_the_job_runs_it(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.settle(postponed(w1.take_one()))
    clock.advance(SHORTEST_PAUSE_MS)
    claim = w2.take_one()
    assert found(inspection, claim.job.id).postponement is None  # while it runs

    w2.settle(succeeded(claim))

    record = found(inspection, claim.job.id)
    assert (record.state, record.attempts, record.workers) == (State.SUCCEEDED, 1, ("w2",))
    assert record.postponement is None


def test_an_attempt_that_counts_begins_the_wait_again(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.settle(postponed(w1.take_one()))
    clock.advance(POSTPONED_MS)
    claim = w1.take_one()
    w1.settle(retrying(claim, delay=1_000))
    assert found(inspection, claim.job.id).postponement is None
    clock.advance(1_000)

    w1.settle(postponed(w1.take_one()))

    record = found(inspection, claim.job.id)
    assert record.postponement is not None
    assert (record.state, record.postponement.since) == (State.SCHEDULED, clock.now())
    assert (record.attempts, len(record.failures)) == (1, 1)


def test_a_job_that_nobody_knows_for_a_week_is_dead_and_says_why(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.settle(postponed(w1.take_one()))
    clock.advance(POSTPONED_MS)
    failure = make_failure(message="still no such task")
    claim = w1.take_one()

    reply = w1.settle(postponed(claim, failure=failure))

    assert reply.dead == (claim.job.id,)
    record = found(inspection, claim.job.id)
    assert (record.state, record.failures, record.attempts) == (State.DEAD, (failure,), 0)
    assert record.finished_at == clock.now()
    assert inspection.retry(claim.job.id)
    assert found(inspection, claim.job.id).postponement is None


def test_an_operator_may_run_a_postponed_job_now(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.settle(postponed(w1.take_one()))

    (record,) = inspection.jobs(State.SCHEDULED)
    assert inspection.retry(record.job.id)

    queued = found(inspection, record.job.id)
    assert (queued.state, queued.postponement) == (State.QUEUED, record.postponement)
    assert w1.take_one().job.id == record.job.id


def test_the_postponement_of_a_claim_that_is_not_held_is_refused(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.settle(succeeded(claim))

    assert w1.settle(postponed(claim)).refused == (claim.job.id,)
    assert inspection.postponed_tasks() == {}


def test_jobs_of_a_newer_format_are_not_claimed(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    newer = make_job(format=NEWER, task="shop.tasks.of_tomorrow")
    known = make_job()
    broker.push([newer, known])

    reply = w1.exchange("default", limit=5)

    assert (ids(reply.claims), reply.newest_format) == ([known.id], NEWER)
    assert reply.due_in == SHORTEST_PAUSE_MS
    record = found(inspection, newer.id)
    assert (record.state, record.attempts, record.workers) == (State.SCHEDULED, 0, ())
    assert record.postponement is not None
    assert record.postponement.failure.exception == UNKNOWN_FORMAT
    assert f"the format {NEWER}," in record.postponement.failure.message
    assert record.job == newer
    assert inspection.postponed_tasks() == {newer.task: clock.now()}


def test_a_job_of_a_newer_format_dies_after_a_week_of_workers_that_do_not_know_it(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    newer = make_job(format=NEWER)
    broker.push([newer])
    w1.take()
    clock.advance(POSTPONED_MS)

    reply = w1.exchange("default")

    assert (reply.claims, reply.dead) == ((), (newer.id,))
    record = found(inspection, newer.id)
    assert (record.state, record.attempts) == (State.DEAD, 0)
    assert record.failures[-1].exception == UNKNOWN_FORMAT


@pytest.mark.parametrize("number", [JOB_FORMAT, 0])
def test_jobs_of_a_known_format_are_claimed(broker: Broker, w1: Driver, number: int) -> None:
    job = make_job(format=number)
    broker.push([job])
    assert ids([w1.take_one()]) == [job.id]


def test_what_was_postponed_is_remembered_for_ten_minutes(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(task=f"shop.tasks.gone_{number:03d}") for number in range(120)])
    w1.settle(*(postponed(claim) for claim in w1.take(120)))

    assert list(inspection.postponed_tasks()) == [
        f"shop.tasks.gone_{n:03d}" for n in range(20, 120)
    ]
    clock.advance(2 * LONGEST_PAUSE_MS + 1)
    assert inspection.postponed_tasks() == {}
