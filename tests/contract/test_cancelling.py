"""Jobs that are cancelled while they run."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import SWEEP
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


def test_the_worker_of_a_running_job_hears_that_it_is_cancelled(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(id="a")])
    w1.take_one()

    assert inspection.cancel("a")

    assert found(inspection, "a").state is State.RUNNING
    assert w1.heartbeat().cancelled == ("a",)


def test_it_hears_so_until_the_job_has_ended(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    """The reply may be lost."""
    broker.push([make_job(id="a")])
    claim = w1.take_one()
    inspection.cancel("a")

    assert w1.heartbeat().cancelled == ("a",)
    assert w1.heartbeat().cancelled == ("a",)
    w1.settle(discarded(claim))

    assert w1.heartbeat().cancelled == ()
    assert found(inspection, "a").state is State.DISCARDED


def test_jobs_of_a_frozen_worker_keep_nobody_from_hearing_of_others(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    frozen = make_jobs(3 * SWEEP, queue="frozen")
    broker.push(frozen)
    w1.take(len(frozen), "frozen")
    broker.push([make_job(id=name) for name in "abcde"])
    w2.take(5)
    for job_id in [*(job.id for job in frozen), *"abcde"]:
        inspection.cancel(job_id)

    assert sorted(w2.heartbeat().cancelled) == list("abcde")
    assert len(w1.heartbeat().cancelled) == len(frozen)


def test_no_other_worker_hears_of_it(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push([make_job(id="a"), make_job(id="b")])
    w1.take_one()
    w2.take_one()
    inspection.cancel("a")

    assert w2.heartbeat().cancelled == ()
    assert w1.heartbeat().cancelled == ("a",)


@pytest.mark.parametrize("end", [retrying, given_back])
def test_a_job_that_waits_again_is_ended_by_the_next_heartbeat(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, end: type
) -> None:
    broker.push([make_job(id="a")])
    claim = w1.take_one()
    inspection.cancel("a")
    w1.settle(end(claim))

    w2.heartbeat()

    assert found(inspection, "a").state is State.DISCARDED
    assert w2.take(1) == ()


def test_a_job_whose_worker_vanished_is_ended_too(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job(id="a")])
    w1.take_one()
    inspection.cancel("a")

    w1.vanish(clock, noticed_by=w2)
    w2.heartbeat()

    assert found(inspection, "a").state is State.DISCARDED


@pytest.mark.parametrize("end", [succeeded, dead])
def test_a_job_that_has_ended_since_stays_as_it_is(
    broker: Broker, inspection: Inspection, w1: Driver, end: type
) -> None:
    broker.push([make_job(id="a")])
    claim = w1.take_one()
    inspection.cancel("a")
    w1.settle(end(claim))
    state = found(inspection, "a").state

    assert w1.heartbeat().cancelled == ()
    assert found(inspection, "a").state is state


def test_a_cancelled_job_that_is_retried_runs(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(id="a")])
    claim = w1.take_one()
    inspection.cancel("a")
    w1.settle(discarded(claim))

    assert inspection.retry("a")

    w1.take_one()
    assert w1.heartbeat().cancelled == ()
    assert found(inspection, "a").state is State.RUNNING


def test_a_running_job_says_that_it_is_to_be_cancelled_until_it_has_ended(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(id="a"), make_job(id="b")])
    claim, _ = w1.take(2)
    assert not found(inspection, "a").cancel_requested

    inspection.cancel("a")

    assert found(inspection, "a").cancel_requested
    assert inspection.read(["a"])[0].cancel_requested
    assert not found(inspection, "b").cancel_requested
    w1.settle(discarded(claim))
    assert not found(inspection, "a").cancel_requested
    inspection.retry("a")
    assert not found(inspection, "a").cancel_requested


def test_a_job_that_waits_again_says_that_it_is_to_be_cancelled(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([make_job(id="a")])
    claim = w1.take_one()
    inspection.cancel("a")

    w1.settle(retrying(claim, delay=60_000))

    assert found(inspection, "a").cancel_requested
    inspection.retry("a")
    assert not found(inspection, "a").cancel_requested
