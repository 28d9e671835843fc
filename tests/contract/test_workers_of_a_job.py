"""A job remembers the workers of its last attempts, and counts all of them."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.base import Broker
from django_jobs.jobs.records import State
from tests.support.builders import dead, given_back, make_job, retrying
from tests.support.driver import Driver, found

PREFIX = "{jobs}:"


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


@pytest.mark.parametrize("listed", [9_000, 10, 1])
def test_a_list_that_had_grown_without_end_is_cut(
    listed: int, redis_broker: Broker, redis_url: str
) -> None:
    job = make_job()
    redis_broker.push([job])
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        key = f"{PREFIX}j:{job.id}"
        client.hset(key, mapping={"w": ",".join(f"old{n}" for n in range(listed)), "k": listed})
        worker = Driver(redis_broker, "new")
        claim = worker.take_one()
        kept = (client.hget(key, "w") or "").split(",")

    assert claim.attempt == listed + 1
    assert kept == [*(f"old{n}" for n in range(max(0, listed - 9), listed)), "new"]


@pytest.mark.parametrize("attempts", [999_999, 1_000_000])
def test_a_job_of_a_million_attempts_is_no_broken_one(
    attempts: int, redis_broker: Broker, redis_url: str
) -> None:
    job = make_job()
    redis_broker.push([job])
    with redis.Redis.from_url(redis_url) as client:
        client.hset(f"{PREFIX}j:{job.id}", "k", attempts)
    worker = Driver(redis_broker, "w1")

    claim = worker.take_one()
    worker.settle(dead(claim))

    assert claim.attempt == attempts + 1
    assert found(redis_broker.inspection, job.id).state is State.DEAD
