"""What operators see of the limits in memory, and change."""

from __future__ import annotations

from collections.abc import Callable

from django_jobs.brokers.inspection.limits import LimitInfo, LimitKeyInfo, Limits
from django_jobs.jobs.limits import limit_key, value_of

from .lock import Lock
from .slots import Number
from .store import Store


class MemoryLimits(Limits):
    """Looks at a `Store` under its owner's lock."""

    def __init__(self, store: Store, lock: Lock, now: Callable[[], int]) -> None:
        self._store = store
        self._lock = lock
        self._now = now

    def all(self) -> tuple[LimitInfo, ...]:
        with self._lock:
            return tuple(
                LimitInfo(
                    id=limit_id,
                    n=number.n,
                    per=number.per,
                    own=number.own,
                    paused=number.paused,
                    keys=len(self._store.waiters.keys(limit_id)),
                )
                for limit_id, number in sorted(self._store.slots.numbers.items())
            )

    def keys(self, limit_id: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        with self._lock:
            keys = sorted(self._store.waiters.keys(limit_id))
            return tuple(map(self._key, keys[:count]))

    def key(self, limit_id: str, value: str) -> LimitKeyInfo:
        with self._lock:
            return self._key(limit_key(limit_id, value))

    def _key(self, key: str) -> LimitKeyInfo:
        slots, now = self._store.slots, self._now()
        opens_at = slots.opens_at(key, now)
        return LimitKeyInfo(
            value=value_of(key),
            holders=slots.held_by(key),
            waiting=self._store.waiters.count(key),
            opens_at=opens_at if opens_at and opens_at > now else None,
        )

    def set_number(self, limit_id: str, number: int | None) -> bool:
        def change(known: Number) -> None:
            known.own = number

        return self._changed(limit_id, change)

    def pause(self, limit_id: str) -> bool:
        return self._changed(limit_id, lambda known: setattr(known, "paused", True))

    def resume(self, limit_id: str) -> bool:
        return self._changed(limit_id, lambda known: setattr(known, "paused", False))

    def _changed(self, limit_id: str, change: Callable[[Number], None]) -> bool:
        with self._lock:
            number = self._store.slots.numbers.get(limit_id)
            if number is None:
                return False
            change(number)
            self._store.look_at_keys(limit_id, self._now())
            return True
