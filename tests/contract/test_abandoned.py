"""A job whose end cannot be reported runs again a few times, and then it is dead."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import MAX_CRASHES
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids
from tests.support.idle_workers import StartIdleWorker


def crash_twice(broker: Broker, clock: Clock, number: int, noticed_by: Driver) -> None:
    """Bring jobs one crash from being dead."""
    for crash in range(1, MAX_CRASHES):
        victim = Driver(broker, f"crashes-{crash}")
        victim.take(number)
        victim.vanish(clock, noticed_by=noticed_by)


def test_a_heartbeat_takes_an_abandoned_job_back_and_its_attempt_counts(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    abandoned, kept = make_jobs(2)
    broker.push([abandoned, kept])
    first, _ = w1.take(2)

    w1.session.abandon(succeeded(first))
    assert found(inspection, abandoned.id).state is State.RUNNING
    reply = w1.heartbeat()

    assert (reply.recovered, reply.dead) == ((abandoned.id,), ())
    record = found(inspection, abandoned.id)
    assert (record.state, record.attempts, record.crashes) == (State.QUEUED, 1, 1)
    assert found(inspection, kept.id).state is State.RUNNING
    assert w1.heartbeat().recovered == ()
    check_with_doctor(broker)


def test_a_job_that_is_abandoned_again_and_again_is_dead(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    for _ in range(MAX_CRASHES):
        w1.session.abandon(succeeded(w1.take_one()))
        reply = w1.heartbeat()

    assert (reply.recovered, reply.dead) == ((), (job.id,))
    record = found(inspection, job.id)
    assert record.state is State.DEAD
    assert record.failures[-1].exception == "django_jobs.errors.WorkerLost"
    assert w1.take(1) == ()
    check_with_doctor(broker)


def test_an_abandoned_settlement_that_took_effect_changes_nothing(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    claim = w1.take_one()
    w1.settle(succeeded(claim))

    w1.session.abandon(succeeded(claim))

    assert w1.heartbeat().recovered == ()
    assert found(inspection, job.id).state is State.SUCCEEDED


def test_a_later_claim_of_an_abandoned_job_stays(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver
) -> None:
    job = make_job()
    broker.push([job])
    first = w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    second = w1.take_one()

    w1.session.abandon(succeeded(first))

    assert w1.heartbeat().recovered == ()
    assert w1.settle(succeeded(second)).refused == ()
    assert found(inspection, job.id).state is State.SUCCEEDED


def test_a_dead_abandoned_job_makes_room_for_the_next_that_must_run_alone(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push(make_jobs(2))
    crash_twice(broker, clock, 2, noticed_by=w2)
    (claim,) = w1.take(2)
    waiting = idle_worker("default")

    w1.session.abandon(succeeded(claim))

    assert w1.heartbeat().dead == (claim.job.id,)
    assert waiting.is_woken()
    assert len(w1.take(1)) == 1


def test_closing_gives_an_abandoned_job_back(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    job = make_job()
    broker.push([job])
    w1.session.abandon(succeeded(w1.take_one()))

    w1.close()

    assert ids(w2.take(1)) == [job.id]
