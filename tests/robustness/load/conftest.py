"""A broker with few jobs and one with many, and one whose calls are measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_jobs.brokers.redis import RedisBroker
from tests.robustness.load.brokers import FEW, MANY, Loaded
from tests.robustness.load.holding import Holding
from tests.robustness.load.stores import Store
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock
from tests.support.driver import Driver
from tests.support.redis_server import RedisServer


@pytest.fixture(scope="session")
def loads() -> Iterator[tuple[Loaded, Loaded]]:
    """The same with few jobs and with many, on servers that keep nothing on disk."""
    servers = [RedisServer(["appendonly no"]) for _ in range(2)]
    for server in servers:
        server.start()
    built = [Loaded.build(server, size) for server, size in zip(servers, (FEW, MANY), strict=True)]
    yield built[0], built[1]
    for each in built:
        each.close()
    for server in servers:
        server.stop()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty broker whose calls are measured, on a server that keeps nothing on disk."""
    server, clock = RedisServer(["appendonly no"]), Clock()
    server.start()
    client = server.client()
    clock.tell(lambda now: client.set(CLOCK_KEY, now))
    broker = RedisBroker(server.url, clock=MOVABLE_CLOCK)
    holding = Holding(server, clock, monkeypatch)
    yield Store(broker, client, clock, Driver(broker), holding)
    holding.close()
    broker.close()
    client.close()
    server.stop()
