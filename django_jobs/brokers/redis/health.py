"""What in a Redis server's configuration endangers jobs."""

from __future__ import annotations

import redis


def problems(client: redis.Redis, address: str, prefix: str) -> tuple[str, ...]:
    """Return one sentence for each setting of the server that can lose jobs.

    Args:
        address: the URL without secrets, for the message.
        prefix: what the keys of the jobs begin with.
    """
    memory, persistence = client.info("memory"), client.info("persistence")
    found = []
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys"):
        found.append(
            f"Redis at {address} throws away keys when it is full (maxmemory-policy {policy}), jobs"
            " among them: set maxmemory-policy noeviction, or give the jobs a server of their own."
        )
    saves = client.config_get("save").get("save") if _may_read_config(client) else "unknown"
    if not persistence.get("aof_enabled") and not saves:
        found.append(
            f"Redis at {address} keeps nothing on disk, so that its restart loses every job: set"
            " appendonly yes."
        )
    if client.exists(f"{prefix}broken"):
        found.append(
            f"Somebody else wrote to keys of the jobs in Redis at {address}. What stood there was"
            f" set aside: see HGETALL {prefix}broken, then delete that key and {prefix}broken:*."
        )
    return tuple(found)


def _may_read_config(client: redis.Redis) -> bool:
    """Hosted servers often forbid CONFIG."""
    try:
        client.config_get("save")
    except redis.ResponseError:
        return False
    return True
