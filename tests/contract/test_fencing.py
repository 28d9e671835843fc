"""Only the worker that holds a job may settle it."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, found

ENDS = [succeeded, dead, discarded, retrying, given_back]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("error", [-1, 1])
def test_a_wrong_token_settles_nothing(
    broker: Broker, inspection: Inspection, w1: Driver, end: type, error: int
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    before = inspection.find(claim.job.id)

    reservation = w1.settle(end(claim)._replace(token=claim.token + error))

    assert reservation.refused == (claim.job.id,)
    assert inspection.find(claim.job.id) == before


@pytest.mark.parametrize("end", ENDS)
def test_another_worker_settles_nothing(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, end: type
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    before = inspection.find(claim.job.id)

    assert w2.settle(end(claim)).refused == (claim.job.id,)

    assert inspection.find(claim.job.id) == before
    assert w1.settle(succeeded(claim)).refused == ()


@pytest.mark.parametrize("first", ENDS)
def test_the_second_settlement_of_a_claim_is_refused(
    broker: Broker, inspection: Inspection, w1: Driver, first: type
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.settle(first(claim))
    before = inspection.find(claim.job.id)

    assert w1.settle(dead(claim)).refused == (claim.job.id,)

    assert inspection.find(claim.job.id) == before


def test_the_second_settlement_of_a_claim_in_one_call_is_refused(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    reservation = w1.settle(succeeded(claim), dead(claim))

    assert reservation.refused == (claim.job.id,)
    assert found(inspection, claim.job.id).state is State.SUCCEEDED


def test_an_unknown_job_is_refused(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    reservation = w1.settle(succeeded(claim)._replace(job_id="never pushed"))

    assert reservation.refused == ("never pushed",)
    assert inspection.find("never pushed") is None


def test_a_queued_job_cannot_be_settled(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    job = make_job()
    broker.push([job, make_job()])
    w1.settle(given_back(claim := w1.take_one()))

    assert w1.settle(succeeded(claim)).refused == (job.id,)
    assert found(inspection, job.id).state is State.QUEUED


def test_a_refused_settlement_does_not_affect_the_others(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(3))
    first, second, third = w1.take(3)

    reservation = w1.settle(
        succeeded(first), succeeded(second)._replace(token=second.token + 1), succeeded(third)
    )

    assert reservation.refused == (second.job.id,)
    assert inspection.counts()[State.SUCCEEDED] == 2
    assert inspection.counts()[State.RUNNING] == 1


@pytest.mark.parametrize("end", ENDS)
def test_a_worker_that_lost_a_job_cannot_settle_it(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock, end: type
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    before = inspection.find(claim.job.id)

    assert w1.settle(end(claim)).refused == (claim.job.id,)

    assert inspection.find(claim.job.id) == before


def test_a_worker_that_lost_a_job_cannot_settle_it_for_its_new_worker(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    old = w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    new = w2.take_one()

    assert w1.settle(dead(old)).refused == (old.job.id,)

    assert w2.settle(succeeded(new)).refused == ()
    assert found(inspection, new.job.id).state is State.SUCCEEDED


def test_a_worker_that_got_its_lost_job_again_settles_it_with_the_newer_token_only(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    old = w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    new = w1.take_one()

    assert new.token > old.token
    assert w1.settle(succeeded(old)).refused == (old.job.id,)
    assert w1.settle(succeeded(new)).refused == ()


def test_a_worker_that_left_cannot_settle(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.close()

    assert w1.settle(succeeded(claim)).refused == (claim.job.id,)
    assert found(inspection, claim.job.id).state is State.QUEUED


def test_a_token_grows_when_an_operator_retries_a_dead_job(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job()])
    old = w1.take_one()
    w1.settle(dead(old))
    inspection.retry(old.job.id)

    new = w1.take_one()

    assert new.token > old.token
    assert w1.settle(succeeded(old)).refused == (old.job.id,)


def test_a_job_pushed_again_after_it_was_forgotten_is_not_the_old_one(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    job = make_job(result_ttl=0)
    broker.push([job])
    old = w1.take_one()
    w1.settle(succeeded(old))
    broker.push([job])
    w2.take_one()

    assert w1.settle(dead(old)).refused == (job.id,)
