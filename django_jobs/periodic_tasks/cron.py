"""Cron schedules in a time zone, safe across daylight saving changes."""

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
"""How far back to search for the last tick: two leap days may be eight years apart."""

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

    A line with fixed hours means wall-clock time: each of its times is one tick a day. If a change
    of the zone's offset repeats a time, its first occurrence counts; if the change skips it, the
    tick is at the moment of the change. A line for every hour, or every few hours (`*`, `*/2`,
    `H/2`), means elapsed time: it ticks whenever the clocks show a time of the line, so twice in a
    repeated hour, and never in a skipped one.

    Args:
        line: five cron fields, or six with the seconds last, or an alias such as @daily.
        timezone: the time zone of the line.
        seed: determines the number that `H` in a line stands for.

    Raises:
        InvalidSchedule: the line cannot be read, never matches a day, or would differ between
            processes.
    """

    line: str
    timezone: tzinfo
    seed: str = ""

    def __post_init__(self) -> None:
        _parsed(self.line, self.seed)

    @classmethod
    def parse(cls, line: str, timezone: str | tzinfo, seed: str = "") -> CronSchedule:
        """Return a schedule; the zone may be given by name.

        Raises:
            InvalidSchedule: as for the class, or the zone is unknown.
        """
        return cls(line, parse_zone(timezone), seed)

    def __str__(self) -> str:
        return f"{self.line} {self.timezone}"

    @property
    def fields(self) -> Fields | None:
        """The numbers in each field of the line, seconds last.

        "*" stays as it is, "l" is the last day of a month, and Sunday is 0. None for a line with
        days such as "the second Monday".
        """
        cron = _parsed(self.line, self.seed)
        if cron.nth_weekday_of_month:
            return None
        return tuple(tuple(numbers) for numbers in cron.expanded)

    def next(self, after: datetime) -> datetime:
        """Return the first tick after an aware datetime, in UTC."""
        if after.tzinfo is None:
            raise ValueError(f"{after!r} has no time zone: give an aware datetime.")
        if _means_elapsed_time(_parsed(self.line, self.seed)):
            return self._next_by_elapsed_time(after)
        return self._next_by_the_wall(after)

    def latest(self, until: datetime) -> datetime | None:
        """Return the last tick at or before an aware datetime, in UTC.

        None if there was none in the ten years before.
        """
        # Uses `next` only, so both directions agree by construction.
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
        match = self._match(wall)
        skipping = shift_at(match, self.timezone)
        if skipping and skipping.skips:
            return skipping.instant
        return from_wall_time(match, self.timezone)

    def _next_by_elapsed_time(self, after: datetime) -> datetime:
        wall = to_wall_time(after, self.timezone)
        match = self._match(wall)
        shift = shift_at(wall, self.timezone)
        if shift and after < shift.instant and match >= shift.end:
            match = self._match(shift.start - SECOND)  # the clocks go back before they reach it
        while (skipping := shift_at(match, self.timezone)) and skipping.skips:
            match = self._match(skipping.end - SECOND)
        first = from_wall_time(match, self.timezone)
        return first if first > after else from_wall_time(match, self.timezone, fold=1)

    def _match(self, wall: datetime) -> datetime:
        """Return the first wall-clock time of the line after another one."""
        # A croniter stores its position: with a copy for each call, threads can share it.
        return copy(_parsed(self.line, self.seed)).get_next(datetime, start_time=wall)


def parse_zone(zone: str | tzinfo) -> tzinfo:
    """Return a time zone for its name, or the zone itself.

    Raises:
        InvalidSchedule: there is no such zone, or its type does not distinguish the two passes of a
            repeated hour (pytz).
    """
    if isinstance(zone, (ZoneInfo, timezone)):
        return ZoneInfo("UTC") if zone is UTC else zone
    try:
        return ZoneInfo(zone)  # type: ignore[arg-type]  # another kind of zone fails here, too
    except (ZoneInfoNotFoundError, ValueError, TypeError, AttributeError, OSError) as error:
        raise InvalidSchedule(
            f"The time zone {zone!r} is unknown: give a name such as 'Europe/Berlin',"
            " or a zoneinfo.ZoneInfo."
        ) from error


@lru_cache(maxsize=1024)
def _parsed(line: str, seed: str) -> croniter[datetime]:
    """Return a line as a croniter that has at least one match."""
    _check_shape(line)
    # With a hash, croniter reads @daily as some hour of each day; here it is midnight.
    seeded = seed.encode() if not line.startswith("@") else None
    try:
        line.encode("ascii")  # croniter takes some other spaces for those between fields
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
    """Refuse lines that croniter accepts, but that do not work across processes and years."""
    fields = line.split()
    if line.startswith("@"):
        if line.lower() not in ALIASES:
            raise InvalidSchedule(
                f"The schedule line {line!r} is unknown: write one of {', '.join(ALIASES)}."
            )
        return
    if len(fields) not in {5, 6}:
        # croniter accepts a year as a seventh field. Such a line would be valid until that year is
        # over, and then stop every process at its start.
        raise InvalidSchedule(
            f"The schedule line {line!r} has {len(fields)} fields: write minute, hour, day of"
            " month, month, day of week and, if wanted, second: for example '0 8 * * *'."
        )
    if any(field[:1] in {"r", "R"} for field in fields):
        raise InvalidSchedule(
            f"The schedule line {line!r} is random, so its times would differ between processes:"
            " write H instead of R, which picks one time for all of them."
        )


def _explain(line: str) -> str:
    """Return a sentence that names the field that croniter cannot read."""
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
    """Return whether a line is for every hour, or for every few hours."""
    steps = cron.expressions[HOUR].lower().split(",")
    return cron.expanded[HOUR] == ["*"] or any(step.startswith(("*", "h/")) for step in steps)
