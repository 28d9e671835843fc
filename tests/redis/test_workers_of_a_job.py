"""What a job remembers of its attempts, as an earlier version or another program left it."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.support.builders import dead, make_job
from tests.support.driver import Driver, found
from tests.support.redis_keys import PREFIX


@pytest.mark.parametrize("listed", [9_000, 10, 1])
def test_a_list_that_had_grown_without_end_is_cut(
    listed: int, broker: RedisBroker, client: redis.Redis
) -> None:
    job = make_job()
    broker.push([job])
    key = f"{PREFIX}j:{job.id}"
    client.hset(key, mapping={"w": ",".join(f"old{n}" for n in range(listed)), "k": listed})
    claim = Driver(broker, "new").take_one()
    kept = str(client.hget(key, "w")).split(",")

    assert claim.attempt == listed + 1
    assert kept == [*(f"old{n}" for n in range(max(0, listed - 9), listed)), "new"]


@pytest.mark.parametrize("attempts", [999_999, 1_000_000])
def test_a_job_of_a_million_attempts_is_no_broken_one(
    attempts: int, broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    client.hset(f"{PREFIX}j:{job.id}", "k", attempts)

    claim = w1.take_one()
    w1.settle(dead(claim))

    assert claim.attempt == attempts + 1
    assert found(broker.inspection, job.id).state is State.DEAD
