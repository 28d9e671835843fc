"""A broker with few jobs, and one with many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.robustness.load.brokers import FEW, MANY, Loaded
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
