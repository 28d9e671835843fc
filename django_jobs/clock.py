"""The one place that reads the wall clock, and the clock that counts a machine's sleep."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone


def now_ms() -> int:
    """Return the current Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def now_us() -> int:
    """Return the current Unix time in microseconds."""
    return time.time_ns() // 1000


def uptime() -> float:
    """Return seconds since some moment in the past, with those that the machine has slept.

    `time.monotonic` leaves these out on Linux, which has this clock for them.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def to_ms(instant: datetime) -> int:
    """Return an instant as Unix milliseconds; a naive one is in the site's time zone."""
    if timezone.is_naive(instant):
        instant = timezone.make_aware(instant, timezone.get_default_timezone())
    return round(instant.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """Return Unix milliseconds as an aware UTC datetime."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest)
