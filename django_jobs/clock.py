"""Reads the wall clock and the uptime of the machine, and converts times."""

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
    """Return the seconds since some moment in the past, including time that the machine slept.

    On Linux, `time.monotonic` does not count that time.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def to_ms(instant: datetime) -> int:
    """Return a datetime as Unix milliseconds; a naive one is in the site's time zone."""
    if timezone.is_naive(instant):
        instant = timezone.make_aware(instant, timezone.get_default_timezone())
    return round(instant.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """Return Unix milliseconds as an aware UTC datetime."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest)
