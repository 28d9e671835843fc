"""Waiting jobs are moved to another queue, or adopted from another broker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import DEFERRED, MOVABLE
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import JobProgress
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import JobRecord, State
from tests.support.builders import make_failure, make_job, make_jobs, retrying
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids, one_in_each_state
from tests.support.idle_workers import StartIdleWorker
from tests.support.waiting import wait_until

WAITING = [State.QUEUED, *DEFERRED]
"""Of those that wait for slots, `test_limits.py` has a test of its own."""
OTHERS = [state for state in State if state not in MOVABLE]


# --- from queue to queue -------------------------------------------------------------------------


@pytest.mark.parametrize("state", WAITING)
def test_a_waiting_job_moves_to_another_queue_and_runs_there(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]
    before = found(inspection, job_id)

    assert inspection.move([job_id], "default", "low") == (job_id,)

    after = found(inspection, job_id)
    assert after == replace(before, job=before.job._replace(queue="low"))
    check_with_doctor(broker)
    clock.advance(60_000)
    assert job_id not in ids(w1.take(10, "default"))
    assert ids(w1.take(10, "low")) == [job_id]


@pytest.mark.parametrize("state", OTHERS)
def test_other_jobs_are_not_moved(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    job_id = one_in_each_state(broker, w1, clock)[state]

    assert inspection.move([job_id, "never pushed"], "default", "low") == ()

    assert found(inspection, job_id).job.queue == "default"


def test_a_job_that_waits_in_another_queue_is_not_moved(
    broker: Broker, inspection: Inspection
) -> None:
    job = make_job(queue="high")
    broker.push([job])

    assert inspection.move([job.id], "default", "low") == ()

    assert found(inspection, job.id).job.queue == "high"


def test_moved_jobs_keep_their_place_among_all_jobs(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    early, urgent = make_job(), make_job(priority=9)
    between = make_job(queue="low")
    late = make_job()
    for job in (early, between, late, urgent):
        broker.push([job])

    inspection.move([late.id, early.id, urgent.id], "default", "low")

    assert ids(w1.take(10, "low")) == [urgent.id, early.id, between.id, late.id]
    assert w1.take(10, "default") == ()


def test_a_job_may_come_back(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    first, second = make_jobs(2)
    broker.push([first, second])

    inspection.move([first.id], "default", "low")
    inspection.move([first.id], "low", "default")

    assert [(one.name, one.size) for one in inspection.queues()] == [("default", 2), ("low", 0)]
    assert ids(w1.take(10, "default")) == [first.id, second.id]
    assert w1.take(10, "low") == ()
    check_with_doctor(broker)


def test_a_move_wakes_a_worker_of_the_other_queue(
    broker: Broker, inspection: Inspection, idle_worker: StartIdleWorker
) -> None:
    job = make_job()
    broker.push([job])
    worker = idle_worker("low")

    inspection.move([job.id], "default", "low")

    assert worker.is_woken()


def test_a_held_move_pauses_the_other_queue(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])

    inspection.move([job.id], "default", "low", held=True)

    assert w1.take(10, "low") == ()
    assert [one.paused for one in inspection.queues() if one.name == "low"] == [True]
    inspection.resume("low")
    assert ids(w1.take(10, "low")) == [job.id]


# --- from another broker -------------------------------------------------------------------------


def record_with_history(state: State, clock: Clock) -> JobRecord:
    """A job of another broker that has failed twice."""
    other = MemoryBroker(now=clock.now)
    worker = Driver(other)
    job = make_job(priority=5, metadata='{"a":1}', expires_at=clock.now() + 10**9, queue="default")
    other.push([job])
    for _ in range(2):
        claim = worker.take_one()
        said = JobProgress(
            job_id=job.id, token=claim.token, tag=claim.tag, progress=Progress(1, 2, "half")
        )
        worker.heartbeat(progress=[said])
        worker.settle(retrying(claim, failure=make_failure(attempt=claim.attempt)))
    worker.exchange("none")  # the job is due
    if state is State.RETRYING:
        claim = worker.take_one()
        worker.settle(retrying(claim, delay=60_000))
    return found(other.inspection, job.id)


@pytest.mark.parametrize("state", [State.QUEUED, State.RETRYING])
def test_an_adopted_job_keeps_its_history(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    record = record_with_history(state, clock)
    assert record.state is state

    inspection.adopt([record], "arrival")

    stored = found(inspection, record.job.id)
    assert stored == replace(record, job=record.job._replace(queue="arrival"))
    assert inspection.read_whole([record.job.id]) == (stored,)
    check_with_doctor(broker)
    clock.advance(60_000)
    assert w1.take(10, "arrival") == ()

    inspection.move([record.job.id], "arrival", "default")
    claim = w1.take_one("default")
    assert (claim.job.id, claim.attempt) == (record.job.id, record.attempts + 1)
    assert claim.job == record.job


def test_a_scheduled_job_is_adopted_with_its_time(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 1_000)
    record = JobRecord(job=job, state=State.SCHEDULED, due_at=job.run_at)

    inspection.adopt([record], "arrival")

    assert found(inspection, job.id).due_at == job.run_at
    inspection.move([job.id], "arrival", "default")
    assert w1.take(10) == ()
    clock.advance(1_000)
    assert ids(w1.take(10)) == [job.id]


def test_adopted_jobs_keep_their_order(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    jobs = [make_job(), make_job(priority=9), make_job()]
    records = [JobRecord(job=job, state=State.QUEUED, queued_at=1) for job in jobs]

    inspection.adopt(records, "arrival")
    inspection.move([job.id for job in reversed(jobs)], "arrival", "default")

    assert ids(w1.take(10)) == [jobs[1].id, jobs[0].id, jobs[2].id]


def test_a_known_job_is_not_adopted(broker: Broker, inspection: Inspection) -> None:
    job = make_job()
    broker.push([job])
    before = found(inspection, job.id)

    inspection.adopt([replace(before, attempts=7)], "arrival")

    assert found(inspection, job.id) == before
    check_with_doctor(broker)


# --- one at a time -------------------------------------------------------------------------------


def test_one_process_at_a_time_moves_jobs(inspection: Inspection) -> None:
    assert inspection.hold_moves("a", 60_000)
    assert inspection.hold_moves("a", 60_000)
    assert not inspection.hold_moves("b", 60_000)

    assert inspection.hold_moves("a", 0)

    assert inspection.hold_moves("b", 60_000)
    assert not inspection.hold_moves("a", 60_000)


def test_a_process_that_is_gone_gives_way(inspection: Inspection, clock: Clock) -> None:
    assert inspection.hold_moves("a", 1)
    clock.advance(1)

    wait_until(lambda: inspection.hold_moves("b", 60_000))
