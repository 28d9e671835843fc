"""A server describes itself; the reports of workers of other versions are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from tests.support.driver import Driver
from tests.support.redis_keys import PREFIX
from tests.support.redis_server import RedisServer


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"said_at": None, "version": None, "memory": None}, (None, "", None)),
        ({"said_at": "now", "version": 3, "memory": -1}, (None, "", None)),
        ({"said_at": 10**18}, (None, "", None)),
    ],
)
def test_a_worker_of_an_older_version_is_read_all_the_same(
    said: dict[str, Any],
    read: tuple[object, ...],
    broker: RedisBroker,
    client: redis.Redis,
    w1: Driver,
) -> None:
    w1.heartbeat()
    words = json.loads(client.get(f"{PREFIX}w:w1") or "")
    for name in ("said_at", "version", "memory"):
        del words[name]
    client.set(f"{PREFIX}w:w1", json.dumps(words | said))

    (worker,) = broker.inspection.workers()
    assert (worker.said_at, worker.version, worker.memory) == read


@pytest.mark.parametrize(
    ("lines", "persistence", "eviction", "limit"),
    [
        ((), "log", "noeviction", None),
        (("appendonly no", "save 60 1"), "snapshots", "noeviction", None),
        (
            ("appendonly no", "maxmemory 64mb", "maxmemory-policy allkeys-lru"),
            "none",
            "allkeys-lru",
            64 * 1024 * 1024,
        ),
    ],
)
def test_a_server_says_how_it_keeps_jobs(
    lines: tuple[str, ...],
    persistence: str,
    eviction: str,
    limit: int | None,
    redis_server_factory: Callable[..., RedisServer],
) -> None:
    broker = RedisBroker(redis_server_factory(*lines).url)
    store = broker.store_info()
    broker.close()
    assert (store.persistence, store.eviction, store.memory_limit) == (persistence, eviction, limit)
    assert store.name in {"Redis", "Valkey"}
    assert store.version[0].isdigit()
    assert store.memory
    assert "127.0.0.1" in store.address
    assert store.evicts_jobs is eviction.startswith("allkeys")
    assert store.forgets_jobs is (persistence == "none")
    assert store.forgets_latest is (persistence == "snapshots")
