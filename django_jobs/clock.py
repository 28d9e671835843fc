"""Reads the wall clock and the uptime of the machine, and converts times and durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


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


def split_duration(seconds: int) -> list[tuple[int, str]]:
    """Return a duration in its two largest units: [(3, "h"), (12, "min")]."""
    parts: list[tuple[int, str]] = []
    for unit, size in UNITS:
        number, seconds = divmod(seconds, size)
        if number or parts:
            parts.append((number, unit))
    return [(number, unit) for number, unit in parts[:2] if number]
