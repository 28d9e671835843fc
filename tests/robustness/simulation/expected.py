"""The ticks that there must be, found by watching the clocks of a zone minute for minute.

It knows nothing of how `django_jobs.periodic_tasks.cron` finds them, and reads cron lines itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)

PUNCTUAL = timedelta(minutes=1)
"""A tick of this age was not missed, says the reference of `catch_up`."""


@dataclass(frozen=True, slots=True)
class Line:
    """A cron line, as the values that its fields permit."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    every_hour: bool
    """Whether it means elapsed time rather than the clock on the wall."""

    @classmethod
    def read(cls, text: str) -> Line:
        minute, hour, day, month, weekday = text.split()
        return cls(
            minutes=_values(minute, 0, 59),
            hours=_values(hour, 0, 23),
            days=_values(day, 1, 31),
            months=_values(month, 1, 12),
            weekdays=_values(weekday, 0, 6),
            every_hour=hour.startswith("*"),
        )

    def is_on(self, day: date) -> bool:
        return (
            day.day in self.days
            and day.month in self.months
            and day.isoweekday() % 7 in self.weekdays
        )


def _values(field: str, lowest: int, highest: int) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{lowest}-{highest}" if span == "*" else span).partition("-")
        values.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return frozenset(values)


class Clocks:
    """What the clocks of a zone showed after one instant up to another, by hour and minute.

    Attributes:
        shown: each instant at which they showed a time; in a repeated hour there are two.
        passed: the instant at which they came to a time or jumped over it, once for each day.
    """

    def __init__(self, zone: str, start: datetime, end: datetime) -> None:
        self.shown: dict[tuple[int, int], list[tuple[datetime, date]]] = defaultdict(list)
        self.passed: dict[tuple[int, int], list[tuple[datetime, date]]] = defaultdict(list)
        where = ZoneInfo(zone)
        passed = start.astimezone(where).replace(tzinfo=None)
        while (start := start + MINUTE) <= end:
            wall = start.astimezone(where).replace(tzinfo=None)
            self.shown[wall.hour, wall.minute].append((start, wall.date()))
            while passed < wall:
                passed += MINUTE
                self.passed[passed.hour, passed.minute].append((start, passed.date()))

    def ticks(self, line: Line) -> list[datetime]:
        """All ticks of a line, in order."""
        return sorted(set(self._ticks(line)))

    def _ticks(self, line: Line) -> Iterator[datetime]:
        times = self.shown if line.every_hour else self.passed
        for time in product(line.hours, line.minutes):
            yield from (instant for instant, day in times[time] if line.is_on(day))


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which workers ran; between two spans none did.

    Attributes:
        start: when they looked first.
        end: after their last look, before which they saw every tick.
    """

    start: datetime
    end: datetime


def runs(ticks: list[datetime], spans: list[Span], *, catch_up: bool) -> list[datetime]:
    """The ticks of one task that must be run: all in the spans, and what is made up after them."""
    expected = []
    for before, span in zip([None, *spans], spans, strict=False):
        missed = [tick for tick in ticks if before and before.end < tick <= span.start]
        if missed and (catch_up or span.start - missed[-1] <= PUNCTUAL):
            expected.append(missed[-1])
        expected += [tick for tick in ticks if span.start < tick <= span.end]
    return expected
