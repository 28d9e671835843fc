"""The progress of a job is stored while its worker holds it."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import JobProgress
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim
from tests.support.builders import dead, given_back, make_job, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found

HALF = Progress(5, 10, "rows")


def says(claim: Claim, progress: Progress = HALF) -> list[JobProgress]:
    return [JobProgress(job_id=claim.job.id, token=claim.token, tag=claim.tag, progress=progress)]


@pytest.fixture
def claim(broker: Broker, w1: Driver) -> Claim:
    broker.push([make_job()])
    return w1.take_one()


@pytest.mark.parametrize(
    "progress", [HALF, Progress(0), Progress(3), Progress(0.5, 1.0, "ü\n<b>"), Progress(10**15)]
)
def test_a_job_tells_how_far_it_is(
    progress: Progress, inspection: Inspection, claim: Claim, w1: Driver
) -> None:
    assert found(inspection, claim.job.id).progress is None
    w1.heartbeat(progress=says(claim, progress))
    assert found(inspection, claim.job.id).progress == progress


def test_the_last_progress_counts(inspection: Inspection, claim: Claim, w1: Driver) -> None:
    w1.heartbeat(progress=says(claim))
    w1.heartbeat(progress=says(claim, Progress(7, 10)))
    w1.heartbeat()
    assert found(inspection, claim.job.id).progress == Progress(7, 10)


def test_a_worker_that_does_not_hold_a_job_says_nothing_of_it(
    inspection: Inspection, claim: Claim, w1: Driver, w2: Driver
) -> None:
    w2.heartbeat(progress=says(claim))
    w1.settle(succeeded(claim))
    w1.heartbeat(progress=says(claim))
    assert found(inspection, claim.job.id).progress is None


def test_the_next_attempt_begins_without_progress(
    inspection: Inspection, claim: Claim, clock: Clock, w1: Driver
) -> None:
    w1.heartbeat(progress=says(claim))
    w1.settle(retrying(claim, delay=1))
    assert found(inspection, claim.job.id).progress == HALF

    clock.advance(1)
    again = w1.take_one()
    assert found(inspection, claim.job.id).progress is None
    w1.heartbeat(progress=says(claim))
    assert found(inspection, claim.job.id).progress is None
    w1.heartbeat(progress=says(again, Progress(1)))
    assert found(inspection, claim.job.id).progress == Progress(1)


def test_a_dead_job_shows_how_far_it_came_and_a_success_shows_nothing(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(), make_job()])
    bad, good = w1.take(2)
    w1.heartbeat(progress=[*says(bad), *says(good)])
    w1.settle(dead(bad), succeeded(good))
    assert found(inspection, bad.job.id).progress == HALF
    assert found(inspection, good.job.id).progress is None


def test_a_job_that_was_given_back_keeps_what_it_said_until_it_runs_again(
    inspection: Inspection, claim: Claim, w1: Driver
) -> None:
    w1.heartbeat(progress=says(claim))
    w1.settle(given_back(claim))
    w1.take_one()
    assert found(inspection, claim.job.id).progress is None
