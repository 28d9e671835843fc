"""A job remembers the workers of its last attempts, and counts all of them."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from tests.support.builders import given_back, make_job, retrying
from tests.support.driver import Driver, found


def attempt(broker: Broker, number: int) -> None:
    """Fail a job in a new worker."""
    worker = Driver(broker, f"old{number}")
    worker.settle(retrying(worker.take_one()))


def test_only_the_last_ten_are_kept(broker: Broker) -> None:
    job = make_job()
    broker.push([job])
    for number in range(15):
        attempt(broker, number)

    record = found(broker.inspection, job.id)
    assert record.attempts == 15
    assert record.workers == tuple(f"old{number}" for number in range(5, 15))


def test_an_attempt_that_was_given_back_leaves_no_worker(broker: Broker, w1: Driver) -> None:
    job = make_job()
    broker.push([job])
    for number in range(12):
        attempt(broker, number)
    w1.settle(given_back(w1.take_one()))

    record = found(broker.inspection, job.id)
    assert record.attempts == 12
    assert record.workers[-1] == "old11"
