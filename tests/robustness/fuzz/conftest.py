"""A broker in Redis whose keys the tests corrupt, with a clock that they move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """Another program with access to the database."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def clock(client: redis.Redis) -> Clock:
    clock = Clock()
    clock.tell(lambda now: client.set(CLOCK_KEY, now))
    return clock


@pytest.fixture
def broker(redis_url: str, clock: Clock) -> Iterator[RedisBroker]:
    broker = RedisBroker(redis_url, clock=MOVABLE_CLOCK)
    yield broker
    broker.close()
