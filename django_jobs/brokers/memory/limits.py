"""What operators see of the limits in memory, and change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django_jobs.brokers.inspection.limits import (
    PAUSED_UNTIL,
    SHOWN_IDS,
    LimitInfo,
    LimitKeyInfo,
    Limits,
)
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
                    keys=len(keys),
                    waiting=sum(map(self._store.waiters.count, keys)),
                )
                for limit_id, number in sorted(self._store.slots.numbers.items())
                for keys in [self._store.waiters.keys(limit_id)]
            )

    def keys(self, limit_id: str, *, offset: int = 0, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        with self._lock:
            keys = sorted(self._store.waiters.keys(limit_id))
            return tuple(map(self._key, keys[offset : offset + count]))

    def search(self, limit_id: str, text: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        with self._lock:
            keys = sorted(self._store.waiters.keys(limit_id))
            return tuple(map(self._key, [key for key in keys if text in value_of(key)][:count]))

    def read(self, limit_id: str, values: Sequence[str]) -> tuple[LimitKeyInfo, ...]:
        with self._lock:
            return tuple(self._key(limit_key(limit_id, value)) for value in values)

    def paused_keys(self, limit_id: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        with self._lock:
            closed = sorted(self._store.slots.closed_until(PAUSED_UNTIL))
            keys = [key for key in closed if key.startswith(f"{limit_id}:")]
            return tuple(map(self._key, keys[:count]))

    def _key(self, key: str) -> LimitKeyInfo:
        slots, waiters, now = self._store.slots, self._store.waiters, self._now()
        opens_at, is_paused = slots.opens_at(key, now), slots.is_closed_until(key, PAUSED_UNTIL)
        holders = slots.held_by(key)
        return LimitKeyInfo(
            value=value_of(key),
            used=slots.starts_within(key, now) or len(holders),
            holders=holders[:SHOWN_IDS],
            waiting=waiters.count(key),
            waiters=waiters.first_ids(key, SHOWN_IDS),
            opens_at=opens_at if opens_at and opens_at > now and not is_paused else None,
            paused=is_paused,
        )

    def _set_number(self, limit_id: str, number: int | None) -> bool:
        def change(known: Number) -> None:
            known.own = number

        return self._changed(limit_id, change)

    def pause(self, limit_id: str) -> bool:
        return self._changed(limit_id, lambda known: setattr(known, "paused", True))

    def resume(self, limit_id: str) -> bool:
        return self._changed(limit_id, lambda known: setattr(known, "paused", False))

    def pause_key(self, limit_id: str, value: str) -> bool:
        return self._key_changed(
            limit_id, value, lambda key: self._store.slots.close(key, PAUSED_UNTIL)
        )

    def resume_key(self, limit_id: str, value: str) -> bool:
        return self._key_changed(limit_id, value, self._store.slots.reopen)

    def _key_changed(self, limit_id: str, value: str, change: Callable[[str], None]) -> bool:
        key = limit_key(limit_id, value)
        with self._lock:
            if limit_id not in self._store.slots.numbers:
                return False
            change(key)
            self._store.waiters.look_at(key, self._now())
            return True

    def _changed(self, limit_id: str, change: Callable[[Number], None]) -> bool:
        with self._lock:
            number = self._store.slots.numbers.get(limit_id)
            if number is None:
                return False
            change(number)
            self._store.look_at_keys(limit_id, self._now())
            return True
