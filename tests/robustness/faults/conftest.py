"""The server that runs with faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_jobs.brokers.redis import portions, raw_client
from tests.robustness.faults.job_paths import PORTION
from tests.robustness.faults.shared_server import SharedServer
from tests.support.redis_server import RedisServer


@pytest.fixture(autouse=True)
def _no_waiting_and_small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis.retry.sleep", lambda seconds: None)
    monkeypatch.setattr(raw_client, "capped", lambda seconds: 0.0)
    monkeypatch.setattr(portions, "JOBS", PORTION)


@pytest.fixture
def server(redis_server: RedisServer) -> Iterator[SharedServer]:
    server = SharedServer(str(redis_server.socket))
    yield server
    server.close()
