"""What operators see of the limits in Redis, and change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django_jobs.brokers.inspection.limits import (
    PAUSED_UNTIL,
    SHOWN_IDS,
    LimitInfo,
    LimitKeyInfo,
    Limits,
)
from django_jobs.jobs.limits import limit_key, quoted, value_of

LIMIT_WIDTH = 8
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
                waiting=waiting,
            )
            for limit_id, n, per, own, paused, _, keys, waiting in rows
        )
        return tuple(sorted(found, key=lambda limit: limit.id))

    def keys(self, limit_id: str, *, offset: int = 0, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        return self._read(self._run("limit_keys", limit_id, offset, count))

    def search(self, limit_id: str, text: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        found: set[str] = set()
        cursor = "0"
        while len(found) < count:
            cursor, keys = self._run("search_limit_keys", limit_id, quoted(text), cursor)
            found.update(keys)
            if cursor == "0":
                break
        return self._read(sorted(found)[:count])

    def read(self, limit_id: str, values: Sequence[str]) -> tuple[LimitKeyInfo, ...]:
        return self._read([limit_key(limit_id, value) for value in values])

    def paused_keys(self, limit_id: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        return self._read(self._run("closed_limit_keys", limit_id, PAUSED_UNTIL)[:count])

    def _read(self, keys: Sequence[str]) -> tuple[LimitKeyInfo, ...]:
        if not keys:
            return ()
        rows = self._run("read_limit_keys", SHOWN_IDS, *keys)
        return tuple(_to_key(key, *row) for key, row in zip(keys, rows, strict=True))

    def _set_number(self, limit_id: str, number: int | None) -> bool:
        return self._change(limit_id, "own", "" if number is None else number)

    def pause(self, limit_id: str) -> bool:
        return self._change(limit_id, "paused", 1)

    def resume(self, limit_id: str) -> bool:
        return self._change(limit_id, "paused", 0)

    def pause_key(self, limit_id: str, value: str) -> bool:
        return self._close(limit_id, value, PAUSED_UNTIL)

    def resume_key(self, limit_id: str, value: str) -> bool:
        return self._close(limit_id, value, "")

    def _close(self, limit_id: str, value: str, until: int | str) -> bool:
        return bool(self._run("close_limit_key", limit_key(limit_id, value), until))

    def _change(self, limit_id: str, field: str, value: int | str) -> bool:
        return bool(self._run("change_limit", limit_id, field, value))


def _to_key(
    key: str,
    used: int,
    holders: list[str],
    waiting: int,
    waiters: list[str],
    opens_at: str,
    closed_until: str,
) -> LimitKeyInfo:
    is_paused = closed_until == str(PAUSED_UNTIL)
    return LimitKeyInfo(
        value=value_of(key),
        used=used,
        holders=tuple(sorted(holders)),
        waiting=waiting,
        waiters=tuple(waiters),
        opens_at=int(opens_at) if opens_at and not is_paused else None,
        paused=is_paused,
    )
