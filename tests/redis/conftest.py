"""A Redis broker with a clock that the tests move, and somebody else who may write to its keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock
from tests.support.driver import Driver


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(
        redis_url, decode_responses=True, encoding_errors="backslashreplace"
    ) as client:
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


@pytest.fixture
def w1(broker: RedisBroker) -> Driver:
    return Driver(broker, "w1")


@pytest.fixture
def w2(broker: RedisBroker) -> Driver:
    return Driver(broker, "w2")
