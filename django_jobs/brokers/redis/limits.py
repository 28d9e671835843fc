"""What operators see of the limits in Redis, and change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_jobs.brokers.inspection.limits import LimitInfo, LimitKeyInfo, Limits
from django_jobs.jobs.limits import limit_key, value_of

LIMIT_WIDTH = 7
"""How many values `limits.lua` returns for each limit."""


class RedisLimits(Limits):
    """Looks at the keys of one broker.

    Args:
        run: calls one of the broker's scripts.
    """

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def all(self) -> tuple[LimitInfo, ...]:
        flat = self._run("limits")
        rows = zip(*(flat[column::LIMIT_WIDTH] for column in range(LIMIT_WIDTH)), strict=True)
        found = (
            LimitInfo(
                id=limit_id,
                n=int(n),
                per=int(per),
                own=int(own) if own else None,
                paused=paused == "1",
                keys=keys,
            )
            for limit_id, n, per, own, paused, _, keys in rows
        )
        return tuple(sorted(found, key=lambda limit: limit.id))

    def keys(self, limit_id: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        keys = self._run("limit_keys", limit_id, count)
        return self._read(sorted(keys)) if keys else ()

    def key(self, limit_id: str, value: str) -> LimitKeyInfo:
        return self._read([limit_key(limit_id, value)])[0]

    def _read(self, keys: list[str]) -> tuple[LimitKeyInfo, ...]:
        return tuple(
            LimitKeyInfo(
                value=value_of(key),
                holders=tuple(sorted(holders)),
                waiting=waiting,
                opens_at=int(opens_at) if opens_at else None,
            )
            for key, (holders, waiting, opens_at) in zip(
                keys, self._run("read_limit_keys", *keys), strict=True
            )
        )

    def set_number(self, limit_id: str, number: int | None) -> bool:
        return self._change(limit_id, "own", "" if number is None else number)

    def pause(self, limit_id: str) -> bool:
        return self._change(limit_id, "paused", 1)

    def resume(self, limit_id: str) -> bool:
        return self._change(limit_id, "paused", 0)

    def _change(self, limit_id: str, field: str, value: int | str) -> bool:
        return bool(self._run("change_limit", limit_id, field, value))
