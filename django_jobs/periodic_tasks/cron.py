"""Cron lines as schedules of instants, in a time zone, safe across daylight saving changes."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterBadDateError

from django_jobs.errors import InvalidSchedule
from django_jobs.periodic_tasks.wall_clock import SECOND, from_wall_time, shift_at, to_wall_time

LOOK_BACK = timedelta(days=10 * 366)
"""How far back the last tick is searched: more than the eight years between two leap days."""

FIELDS = {
    "minute": "0-59",
    "hour": "0-23",
    "day of month": "1-31 or L",
    "month": "1-12 or jan-dec",
    "day of week": "0-7 or sun-sat",
    "second": "0-59",
}
ALIASES = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
HOUR = 1
LEAP_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001  (a wall-clock time has no zone)


Fields: TypeAlias = "tuple[tuple[int | str, ...], ...]"


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """The ticks of a cron line in a time zone.

    A line with fixed hours means the clock on the wall: each of its times is one tick on every
    day. Where a change of the zone's offset shows it twice, the first counts; where it is skipped,
    the tick is at the moment of the change. A line for every hour, or every so many hours
    (`*`, `*/2`, `H/2`), means elapsed time: it ticks whenever the clocks show a time of the line,
    so twice in a repeated hour, never in a skipped one.

    Args:
        line: five cron fields, or six with the seconds last, or an alias such as @daily.
        timezone: the zone whose clocks are meant.
        seed: where `H` in a line takes its number from: the same seed is the same number.

    Raises:
        InvalidSchedule: the line cannot be read, names no day that ever comes, or has another
            meaning in each process.
    """

    line: str
    timezone: tzinfo
    seed: str = ""

    def __post_init__(self) -> None:
        _parsed(self.line, self.seed)

    @classmethod
    def parse(cls, line: str, timezone: str | tzinfo, seed: str = "") -> CronSchedule:
        """Return a schedule for a zone that is given by its name, too.

        Raises:
            InvalidSchedule: as the class, or the zone is not known.
        """
        return cls(line, parse_zone(timezone), seed)

    def __str__(self) -> str:
        return f"{self.line} {self.timezone}"

    @property
    def fields(self) -> Fields | None:
        """The numbers in each field of the line, seconds last.

        A field of "*" is that, the last day of a month "l"; Sunday is 0. None for a line that
        names such days as "the second Monday".
        """
        cron = _parsed(self.line, self.seed)
        if cron.nth_weekday_of_month:
            return None
        return tuple(tuple(numbers) for numbers in cron.expanded)

    def next(self, after: datetime) -> datetime:
        """Return the first tick that is later than an aware instant, in UTC."""
        if after.tzinfo is None:
            raise ValueError(f"{after!r} has no time zone: schedules need to know the instant.")
        if _means_elapsed_time(_parsed(self.line, self.seed)):
            return self._next_by_elapsed_time(after)
        return self._next_by_the_wall(after)

    def latest(self, until: datetime) -> datetime | None:
        """Return the last tick that is not later than an aware instant, in UTC.

        None if there was none in the ten years before.
        """
        # Found by asking for next ticks only, so that both directions agree by construction.
        reach = SECOND
        while (tick := self.next(until - reach)) > until:
            reach *= 2
            if reach > LOOK_BACK:
                return None
        without = until  # there is no tick between this and `until`
        while without - tick >= SECOND:
            middle = tick + (without - tick) / 2
            candidate = self.next(middle)
            if candidate > until:
                without = middle
            else:
                tick = candidate
        return tick

    def _next_by_the_wall(self, after: datetime) -> datetime:
        wall = to_wall_time(after, self.timezone)
        shift = shift_at(wall, self.timezone)
        if shift and after >= shift.instant:
            wall = shift.end - SECOND  # the second pass: its times had their ticks in the first
        slot = self._slot(wall)
        skipping = shift_at(slot, self.timezone)
        if skipping and skipping.skips:
            return skipping.instant
        return from_wall_time(slot, self.timezone)

    def _next_by_elapsed_time(self, after: datetime) -> datetime:
        wall = to_wall_time(after, self.timezone)
        slot = self._slot(wall)
        shift = shift_at(wall, self.timezone)
        if shift and after < shift.instant and slot >= shift.end:
            slot = self._slot(shift.start - SECOND)  # the clocks go back before they reach the slot
        while (skipping := shift_at(slot, self.timezone)) and skipping.skips:
            slot = self._slot(skipping.end - SECOND)
        first = from_wall_time(slot, self.timezone)
        return first if first > after else from_wall_time(slot, self.timezone, fold=1)

    def _slot(self, wall: datetime) -> datetime:
        """Return the first wall-clock time of the line after another one."""
        # A croniter keeps its position in itself: a copy for each question lets threads share it.
        return copy(_parsed(self.line, self.seed)).get_next(datetime, start_time=wall)


def parse_zone(zone: str | tzinfo) -> tzinfo:
    """Return a time zone for its name, or the zone itself.

    Raises:
        InvalidSchedule: there is no such zone, or it is of a kind that cannot tell the two passes
            of a repeated hour apart (pytz).
    """
    if isinstance(zone, (ZoneInfo, timezone)):
        return ZoneInfo("UTC") if zone is UTC else zone
    try:
        return ZoneInfo(zone)  # type: ignore[arg-type]  # another kind of zone fails here, too
    except (ZoneInfoNotFoundError, ValueError, TypeError, AttributeError, OSError) as error:
        raise InvalidSchedule(
            f"The time zone {zone!r} is not known: give the name of one, such as 'Europe/Berlin',"
            " or a zoneinfo.ZoneInfo."
        ) from error


@lru_cache(maxsize=1024)
def _parsed(line: str, seed: str) -> croniter[datetime]:
    """Return a line that was read and found to have a next time."""
    _check_shape(line)
    # With a hash croniter takes @daily for "at some hour of each day": it is midnight here.
    seeded = seed if not line.startswith("@") else None
    try:
        cron = croniter(line, LEAP_YEAR, datetime, hash_id=seeded)
        copy(cron).get_next()
    except CroniterBadDateError as error:
        raise InvalidSchedule(
            f"The schedule line {line!r} names a day that never comes:"
            " correct its day of month or its month."
        ) from error
    except ValueError as error:
        raise InvalidSchedule(_explain(line)) from error
    return cron


def _check_shape(line: str) -> None:
    """Refuse what croniter would take, but is no schedule for several processes."""
    fields = line.split()
    if line.startswith("@"):
        if line.lower() not in ALIASES:
            raise InvalidSchedule(
                f"The schedule line {line!r} is not known: write one of {', '.join(ALIASES)}."
            )
        return
    if len(fields) not in {5, 6}:
        # croniter knows years as a seventh field. Such a line would be valid until that year is
        # over, then stop every process at its start.
        raise InvalidSchedule(
            f"The schedule line {line!r} has {len(fields)} fields: write minute, hour, day of"
            " month, month, day of week and, if wanted, second: for example '0 8 * * *'."
        )
    if any(field[:1] in {"r", "R"} for field in fields):
        raise InvalidSchedule(
            f"The schedule line {line!r} is random, so each process would have other times:"
            " write H instead of R, which picks one time for all of them."
        )


def _explain(line: str) -> str:
    """Return a sentence that names the field of a line that croniter cannot read."""
    fields = line.split()
    for position, ((name, values), text) in enumerate(zip(FIELDS.items(), fields, strict=False)):
        alone = ["*"] * len(FIELDS)
        alone[position] = text
        if not croniter.is_valid(" ".join(alone), hash_id=b""):
            return (
                f"The schedule line {line!r} cannot be read: its {name} is {text!r}, write"
                f" {values}, a list (1,3), a range (1-5), a step (*/2) or *."
            )
    return f"The schedule line {line!r} cannot be read: write one such as '0 8 * * *', in ASCII."


def _means_elapsed_time(cron: croniter[datetime]) -> bool:
    """Tell whether a line is for every hour, or for every so many of them."""
    steps = cron.expressions[HOUR].lower().split(",")
    return cron.expanded[HOUR] == ["*"] or any(step.startswith(("*", "h/")) for step in steps)
