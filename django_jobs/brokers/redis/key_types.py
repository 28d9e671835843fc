"""Which keys django_jobs has in Redis, and their types."""

from __future__ import annotations

from collections.abc import Mapping

KEY_TYPES: Mapping[str, str] = {
    # The part before the colon stands for all keys that begin with it.
    "j:": "hash",
    "e:": "list",
    "q:": "zset",
    "m:": "list",
    "f:": "hash",
    "b:": "string",
    "w:": "string",
    "d:": "list",
    "l:": "string",
    "a:": "string",
    "n:": "hash",
    "v:": "zset",
    "s:scheduled": "zset",
    "s:retrying": "zset",
    "s:succeeded": "zset",
    "s:dead": "zset",
    "s:discarded": "zset",
    "expiries": "zset",
    "leases": "zset",
    "lost": "zset",
    "pushes": "zset",
    "postponed": "zset",
    "deploys": "zset",
    "idle": "zset",
    "queues": "set",
    "paused": "set",
    "extended": "set",
    "cancelled": "set",
    "suspects": "hash",
    "commands": "hash",
    "ticks": "hash",
    "runs": "hash",
    "off": "hash",
    "totals": "hash",
    "seq": "string",
    "mover": "string",
}
"""By name behind the prefix of all keys; `common.lua` says what is in each."""
