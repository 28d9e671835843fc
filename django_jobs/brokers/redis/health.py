"""What in a Redis server's configuration endangers jobs."""

from __future__ import annotations

from typing import Any

import redis

from django_jobs.brokers.inspection.store_info import Problem, StoreInfo


def problems(client: redis.Redis, address: str) -> tuple[Problem, ...]:
    """Return what in the settings of the server can lose jobs.

    Args:
        address: the URL without secrets, for the message.
    """
    store = store_info(client, address)
    found = []
    if store.evicts_jobs:
        found.append(
            Problem(
                f"Redis at {address} throws away keys when it is full (maxmemory-policy"
                f" {store.eviction}), jobs among them: set maxmemory-policy noeviction, or give the"
                " jobs a server of their own."
            )
        )
    if store.evicts_expiring_keys:
        found.append(
            Problem(
                f"Redis at {address} throws away keys that expire when it is full (maxmemory-policy"
                f" {store.eviction}). No job is one of them, but metrics and marks of workers are:"
                " set maxmemory-policy noeviction.",
                is_risk=True,
            )
        )
    if store.forgets_jobs:
        found.append(
            Problem(
                f"Redis at {address} keeps nothing on disk, so that its restart loses every job:"
                " set appendonly yes."
            )
        )
    if store.forgets_latest:
        found.append(
            Problem(
                f"Redis at {address} keeps only snapshots on disk. Its crash loses every job that"
                " was enqueued after the last one, and runs again what ended after it: set"
                " appendonly yes.",
                is_risk=True,
            )
        )
    return tuple(found)


def store_info(client: redis.Redis, address: str) -> StoreInfo:
    """Return what a server says of itself.

    Args:
        address: the URL without secrets.
    """
    server, memory = client.info("server"), client.info("memory")
    is_valkey = "valkey_version" in server
    return StoreInfo(
        name="Valkey" if is_valkey else "Redis",
        version=str(server["valkey_version" if is_valkey else "redis_version"]),
        address=address,
        memory=int(memory["used_memory"]),
        memory_limit=int(memory.get("maxmemory", 0)) or None,
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
