"""Ended jobs are kept for a stated time, in a stated number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import (
    DEAD_KEPT,
    DEAD_KEPT_MS,
    DISCARDED_KEPT,
    DISCARDED_KEPT_MS,
)
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import Claim, Settlement, State
from tests.support.builders import dead, discarded, make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found

End = Callable[[Claim], Settlement]

TIMES = pytest.mark.parametrize(
    ("end", "state", "kept"),
    [
        (succeeded, State.SUCCEEDED, 60_000),
        (dead, State.DEAD, DEAD_KEPT_MS),
        (discarded, State.DISCARDED, DISCARDED_KEPT_MS),
    ],
)


@TIMES
def test_an_ended_job_is_kept_for_its_time(
    broker: Broker,
    inspection: Inspection,
    w1: Driver,
    clock: Clock,
    end: End,
    state: State,
    kept: int,
) -> None:
    broker.push([make_job(result_ttl=60_000)])
    claim = w1.take_one()
    w1.settle(end(claim))

    clock.advance(kept - 1)
    w1.take(0)

    assert found(inspection, claim.job.id).state is state
    assert inspection.counts()[state] == 1
    assert len(inspection.jobs(state)) == 1


@TIMES
def test_an_ended_job_is_gone_after_its_time(
    broker: Broker,
    inspection: Inspection,
    w1: Driver,
    clock: Clock,
    end: End,
    state: State,
    kept: int,
) -> None:
    broker.push([make_job(result_ttl=60_000)])
    claim = w1.take_one()
    w1.settle(end(claim))

    clock.advance(kept + 1)
    w1.take(0)

    assert inspection.find(claim.job.id) is None
    assert sum(inspection.counts().values()) == 0
    assert inspection.jobs(state) == ()


def test_a_result_is_gone_in_time_when_no_worker_is_left(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(result_ttl=60_000)])
    claim = w1.take_one()
    w1.settle(succeeded(claim))
    w1.close()

    clock.advance(60_001)

    assert inspection.find(claim.job.id) is None


def test_a_result_ttl_of_zero_keeps_nothing_of_a_success(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(result_ttl=0)])
    claim = w1.take_one()

    w1.settle(succeeded(claim, result='"secret"'))

    assert inspection.find(claim.job.id) is None
    assert sum(inspection.counts().values()) == 0
    assert inspection.jobs(State.SUCCEEDED) == ()


def test_a_result_ttl_of_zero_keeps_a_failure(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(result_ttl=0)])
    claim = w1.take_one()

    w1.settle(dead(claim))

    assert found(inspection, claim.job.id).state is State.DEAD


def test_each_success_is_kept_for_its_own_time(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    long, short = make_job(result_ttl=90_000), make_job(result_ttl=30_000)
    broker.push([long, short])
    w1.settle(*map(succeeded, w1.take(2)))

    clock.advance(30_001)
    w1.take(0)

    assert inspection.find(short.id) is None
    assert found(inspection, long.id).result == "null"
    assert inspection.counts()[State.SUCCEEDED] == 1


@pytest.mark.parametrize(
    ("end", "state", "kept"),
    [(dead, State.DEAD, DEAD_KEPT), (discarded, State.DISCARDED, DISCARDED_KEPT)],
)
def test_only_so_many_are_kept_and_the_oldest_go_first(
    broker: Broker,
    inspection: Inspection,
    w1: Driver,
    clock: Clock,
    end: End,
    state: State,
    kept: int,
) -> None:
    jobs = make_jobs(kept + 50)
    broker.push(jobs)
    while claims := w1.take(50):
        w1.settle(*map(end, claims))
        clock.advance(1)

    assert inspection.counts()[state] == kept
    assert [inspection.find(job.id) for job in jobs[:50]] == [None] * 50
    assert found(inspection, jobs[50].id).state is state


def test_a_dead_job_that_was_retried_is_kept_while_it_waits(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    w1.settle(dead(claim))
    inspection.retry(claim.job.id)

    clock.advance(DEAD_KEPT_MS + 1)

    assert w1.take_one().job == claim.job


def test_waiting_jobs_are_kept_forever(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    ten_years = 10 * 365 * 86_400_000
    broker.push([make_job(), make_job(run_at=clock.now() + ten_years)])

    clock.advance(ten_years)

    assert len(w1.take(5)) == 2
