"""Metadata travel with a job, and change while their worker holds it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import JobMetadata
from django_jobs.jobs.records import Claim, Settlement, State
from tests.support.builders import dead, given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found

OLD, NEW = '{"step":1}', '{"step":2,"ü":"\\n"}'


def saves(claim: Claim, metadata: str = NEW) -> list[JobMetadata]:
    return [JobMetadata(job_id=claim.job.id, token=claim.token, tag=claim.tag, metadata=metadata)]


@pytest.fixture
def claim(broker: Broker, w1: Driver) -> Claim:
    broker.push([make_job(metadata=OLD)])
    return w1.take_one()


def test_each_job_gets_its_own(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    jobs = [make_job(metadata=text) for text in (OLD, "", NEW, OLD)] + make_jobs(2)
    broker.push(jobs)
    assert [found(inspection, job.id).job for job in jobs] == jobs
    assert [claim.job for claim in w1.take(limit=10)] == jobs


def test_a_heartbeat_stores_what_a_running_job_saves(
    inspection: Inspection, claim: Claim, w1: Driver
) -> None:
    w1.heartbeat(metadata=saves(claim))
    w1.heartbeat()
    assert found(inspection, claim.job.id).job.metadata == NEW


@pytest.mark.parametrize("end", [succeeded, dead, retrying, given_back])
def test_the_end_of_an_attempt_stores_them(
    end: Callable[..., Settlement], inspection: Inspection, claim: Claim, w1: Driver
) -> None:
    w1.settle(end(claim)._replace(metadata=NEW))
    assert found(inspection, claim.job.id).job.metadata == NEW


def test_an_end_that_says_nothing_of_them_leaves_them(
    inspection: Inspection, claim: Claim, w1: Driver
) -> None:
    w1.settle(succeeded(claim))
    assert found(inspection, claim.job.id).job.metadata == OLD


def test_they_can_be_emptied(inspection: Inspection, claim: Claim, w1: Driver) -> None:
    w1.settle(succeeded(claim)._replace(metadata=""))
    assert found(inspection, claim.job.id).job.metadata == ""


def test_the_next_attempt_gets_what_the_last_one_saved(
    claim: Claim, clock: Clock, w1: Driver
) -> None:
    w1.settle(retrying(claim, delay=1)._replace(metadata=NEW))
    clock.advance(1)
    assert w1.take_one().job.metadata == NEW


def test_metadata_that_a_worker_saved_before_it_vanished_is_kept(
    claim: Claim, clock: Clock, w1: Driver, w2: Driver
) -> None:
    w1.heartbeat(metadata=saves(claim))
    w1.vanish(clock, noticed_by=w2)
    assert w2.take_one().job.metadata == NEW


def test_a_worker_that_does_not_hold_a_job_saves_nothing(
    inspection: Inspection, claim: Claim, clock: Clock, w1: Driver, w2: Driver
) -> None:
    w2.heartbeat(metadata=saves(claim))
    w2.settle(succeeded(claim)._replace(metadata=NEW))
    assert found(inspection, claim.job.id).job.metadata == OLD
    w1.settle(retrying(claim, delay=1))
    clock.advance(1)
    again = w1.take_one()
    w1.heartbeat(metadata=saves(claim))
    w1.settle(succeeded(claim)._replace(metadata=NEW))
    record = found(inspection, claim.job.id)
    assert (record.state, record.job.metadata) == (State.RUNNING, OLD)
    assert w1.settle(succeeded(again)).refused == ()


def test_a_retry_by_an_operator_keeps_them(
    inspection: Inspection, claim: Claim, w1: Driver
) -> None:
    w1.settle(dead(claim)._replace(metadata=NEW))
    assert inspection.retry(claim.job.id)
    assert w1.take_one().job.metadata == NEW
