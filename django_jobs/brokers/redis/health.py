"""What in a Redis server's state and configuration endangers jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis

from django_jobs.brokers.inspection.store_info import Problem, StoreInfo


def problems(client: redis.Redis, address: str) -> tuple[Problem, ...]:
    """Return what keeps the server from storing jobs, and what in its settings can lose them.

    Args:
        address: the URL without secrets, for the message.
    """
    store = store_info(client, address)
    return (*_of_state(store), *_of_settings(store))


def _of_state(store: StoreInfo) -> Iterator[Problem]:
    if store.is_replica:
        yield Problem(
            f"Redis at {store.address} is a read-only replica and stores nothing: let REDIS_URL or"
            " the option url of the RedisBackend name the primary, or its sentinels"
            " (redis+sentinel://)."
        )
    if store.refuses_jobs:
        yield Problem(
            f"Redis at {store.address} is full ({store.memory:,} of {store.memory_limit:,} bytes)"
            " and refuses new jobs: raise its maxmemory, or let workers drain it."
        )


def _of_settings(store: StoreInfo) -> Iterator[Problem]:
    if store.evicts_jobs:
        yield Problem(
            f"Redis at {store.address} throws away keys when it is full (maxmemory-policy"
            f" {store.eviction}), jobs among them: set maxmemory-policy noeviction, or give the"
            " jobs a server of their own."
        )
    if store.evicts_expiring_keys:
        yield Problem(
            f"Redis at {store.address} throws away keys that expire when it is full"
            f" (maxmemory-policy {store.eviction}). No job is one of them, but metrics and marks of"
            " workers are: set maxmemory-policy noeviction.",
            is_risk=True,
        )
    if store.forgets_jobs:
        yield Problem(
            f"Redis at {store.address} keeps nothing on disk, so that its restart loses every job:"
            " set appendonly yes."
        )
    if store.forgets_latest:
        yield Problem(
            f"Redis at {store.address} keeps only snapshots on disk. Its crash loses every job that"
            " was enqueued after the last one, and runs again what ended after it: set"
            " appendonly yes.",
            is_risk=True,
        )


def store_info(client: redis.Redis, address: str) -> StoreInfo:
    """Return what a server says of itself.

    Args:
        address: the URL without secrets.
    """
    server, memory = client.info("server"), client.info("memory")
    replication = client.info("replication")
    used, limit = int(memory["used_memory"]), int(memory.get("maxmemory", 0))
    # Its buffers for replicas and for the append-only file do not make a server full.
    counted = used - int(memory.get("mem_not_counted_for_evict", 0))
    is_valkey = "valkey_version" in server
    return StoreInfo(
        name="Valkey" if is_valkey else "Redis",
        version=str(server["valkey_version" if is_valkey else "redis_version"]),
        address=address,
        memory=used,
        memory_limit=limit or None,
        is_full=0 < limit < counted,
        is_replica=replication.get("role") == "slave" and bool(replication["slave_read_only"]),
        persistence=_persistence(client),
        eviction=str(memory.get("maxmemory_policy", "")),
    )


def _persistence(client: redis.Redis) -> str:
    told: dict[str, Any] = client.info("persistence")
    if told.get("aof_enabled"):
        return "log"
    if not _may_read_config(client):
        return ""
    return "snapshots" if client.config_get("save").get("save") else "none"


def _may_read_config(client: redis.Redis) -> bool:
    """Hosted servers often forbid CONFIG."""
    try:
        client.config_get("save")
    except redis.ResponseError:
        return False
    return True
