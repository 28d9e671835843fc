"""Pushing stores jobs once, as queued or as scheduled."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import dead, make_job, make_jobs, succeeded
from tests.support.clock import START, Clock
from tests.support.driver import Driver, found, ids


def test_a_pushed_job_is_queued(broker: Broker, inspection: Inspection) -> None:
    job = make_job()

    broker.push([job])

    record = found(inspection, job.id)
    assert record.job == job
    assert record.state is State.QUEUED
    assert (record.attempts, record.crashes, record.workers) == (0, 0, ())
    assert (record.started_at, record.last_attempted_at, record.finished_at) == (None, None, None)
    assert (record.result, record.failures) == (None, ())


def test_pushing_nothing_stores_nothing(broker: Broker, inspection: Inspection) -> None:
    broker.push([])

    assert sum(inspection.counts().values()) == 0


@pytest.mark.parametrize(
    ("ahead", "state"), [(-1, State.QUEUED), (0, State.QUEUED), (1, State.SCHEDULED)]
)
def test_a_job_is_scheduled_only_while_its_time_is_in_the_future(
    broker: Broker, inspection: Inspection, clock: Clock, ahead: int, state: State
) -> None:
    job = make_job(run_at=clock.now() + ahead)

    broker.push([job])

    record = found(inspection, job.id)
    assert record.state is state


def test_the_clock_of_the_enqueuing_process_decides_nothing(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    clock.advance(60_000)
    job = make_job(enqueued_at=clock.now() + 3_600_000, run_at=clock.now() - 1)

    broker.push([job])

    assert inspection.counts()[State.QUEUED] == 1


def test_a_scheduled_job_knows_when_it_is_due(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 5_000)

    broker.push([job])

    record = found(inspection, job.id)
    assert record.due_at == clock.now() + 5_000


def test_thousands_of_jobs_arrive_in_order(broker: Broker, w1: Driver) -> None:
    jobs = make_jobs(2_500)

    broker.push(jobs)

    assert ids(w1.take(3_000)) == ids(jobs)


def test_queued_and_scheduled_jobs_travel_together(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    broker.push([*make_jobs(3), *make_jobs(2, queue="mailers", run_at=clock.now() + 1_000)])

    counts = inspection.counts()
    assert (counts[State.QUEUED], counts[State.SCHEDULED]) == (3, 2)


def test_a_job_that_is_queued_already_is_left_as_it_is(broker: Broker, w1: Driver) -> None:
    first, second = make_jobs(2)
    broker.push([first, second])

    broker.push([make_job(id=first.id, task="another.task", queue="other", priority=50)])

    claims = w1.take(5, "other", "default")
    assert [claim.job for claim in claims] == [first, second]


def test_a_job_twice_in_one_push_is_one_job(broker: Broker, w1: Driver) -> None:
    job = make_job()

    broker.push([job, job])

    assert ids(w1.take(5)) == [job.id]


def test_new_jobs_are_stored_next_to_known_ones(broker: Broker, w1: Driver) -> None:
    known, new = make_jobs(2)
    broker.push([known])

    broker.push([known, new])

    assert ids(w1.take(5)) == [known.id, new.id]


def test_a_scheduled_job_pushed_again_keeps_its_time(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 5_000)
    broker.push([job])

    broker.push([make_job(id=job.id)])

    record = found(inspection, job.id)
    assert (record.state, record.job) == (State.SCHEDULED, job)


def test_a_running_job_pushed_again_goes_on_running(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    job = make_job()
    broker.push([job])
    claim = w1.take_one()

    broker.push([job])

    assert w2.take(5) == ()
    assert w1.settle(succeeded(claim)).refused == ()
    assert inspection.counts()[State.SUCCEEDED] == 1


@pytest.mark.parametrize("end", [succeeded, dead])
def test_an_ended_job_pushed_again_stays_ended(broker: Broker, w1: Driver, end: type) -> None:
    job = make_job()
    broker.push([job])
    w1.settle(end(w1.take_one()))

    broker.push([job])

    assert w1.take(5) == ()


def test_a_job_that_is_no_longer_kept_may_come_again(broker: Broker, w1: Driver) -> None:
    job = make_job(result_ttl=0)
    broker.push([job])
    w1.settle(succeeded(w1.take_one()))

    broker.push([job])

    assert w1.take_one().attempt == 1


HARD_TEXTS = {
    "unicode": "„Grüße“ – 你好 🎉 \u2028",
    "quotes": """'"\\`${}%s\t\r\n""",
    "NUL": "a\x00b",
    "empty": "",
    "100 KB": "x" * 100_000,
    "looks like a number": "1e5",
}


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
def test_texts_come_back_exactly_as_they_were(
    broker: Broker, inspection: Inspection, w1: Driver, text: str
) -> None:
    job = make_job(task=text or "t", arguments=text, overrides=text, signature=text, metadata=text)
    broker.push([job])

    record = found(inspection, job.id)

    assert record.job == job
    assert w1.take_one().job == job


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": -100},
        {"priority": 100},
        {"expires_at": START + 90_000},
        {"expires_at": 0},
        {"run_at": START - 1, "expires_at": START - 1, "result_ttl": 0},
        {"run_at": 0, "enqueued_at": 0, "result_ttl": 365 * 86_400_000},
        {"id": "x" * 63},
        {"id": "an id: {with} 'odd' [signs]*"},
    ],
    ids=repr,
)
def test_every_field_comes_back(
    broker: Broker, inspection: Inspection, w1: Driver, changes: dict[str, Any]
) -> None:
    job = make_job(**changes)
    broker.push([job])

    record = found(inspection, job.id)

    assert record.job == job
    assert w1.take_one().job == job


@pytest.mark.parametrize("queue", ["a:b", "{a}", "über queue", "*", "a,b", "queued", "1"])
def test_a_queue_may_have_any_name(broker: Broker, w1: Driver, queue: str) -> None:
    job = make_job(queue=queue)

    broker.push([job])

    assert w1.take(5, queue)[0].job == job


def test_a_broker_works_again_after_it_was_closed(broker: Broker, w1: Driver) -> None:
    (job,) = make_jobs(1)
    broker.push([job])

    broker.close()

    assert ids(w1.take(1)) == [job.id]


def test_an_untroubled_store_reports_no_problems(broker: Broker) -> None:
    assert broker.config_warnings() == ()
