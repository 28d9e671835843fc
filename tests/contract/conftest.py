"""Each contract test runs on each broker, with a clock that the test moves."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.redis import RedisBroker
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock
from tests.support.driver import Driver
from tests.support.idle_workers import IdleWorker, StartIdleWorker
from tests.support.waiting import DEADLINE

BROKERS = ["memory", "redis", *os.environ.get("CONTRACT_BROKERS", "").split()]
"""A broker outside of this repository joins with a plugin that has its fixture, `<name>_broker`."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait ends before the deadline of a test that asks whether something ended it."""
    monkeypatch.setattr("django_jobs.waits.LONGEST", 10 * DEADLINE)


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Broker]:
    """Each of the brokers, empty."""
    broker: Broker = request.getfixturevalue(f"{request.param}_broker")
    yield broker
    broker.close()


@pytest.fixture
def memory_broker(clock: Clock) -> Broker:
    return MemoryBroker(now=clock.now, max_queued=100_000)


@pytest.fixture
def redis_broker(clock: Clock, redis_url: str) -> Iterator[Broker]:
    with redis.Redis.from_url(redis_url) as client:
        clock.tell(lambda now: client.set(CLOCK_KEY, now))
        yield RedisBroker(redis_url, clock=MOVABLE_CLOCK)


@pytest.fixture
def inspection(broker: Broker) -> Inspection:
    return broker.inspection


@pytest.fixture
def w1(broker: Broker) -> Driver:
    return Driver(broker, "w1")


@pytest.fixture
def w2(broker: Broker) -> Driver:
    return Driver(broker, "w2")


@pytest.fixture
def idle_worker(broker: Broker) -> Iterator[StartIdleWorker]:
    """Starts threads that listen: `idle_worker("a", "b")`, or `idle_worker()` for every queue."""
    started: list[IdleWorker] = []

    def start(*queues: str) -> IdleWorker:
        started.append(IdleWorker(broker, queues))
        return started[-1]

    yield start
    for each in started:
        each.end()
