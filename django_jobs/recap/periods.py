"""Calculates which period a recap covers, and when recaps are due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from django_jobs.periodic_tasks.wall_clock import from_wall_time

ONE_DAY = timedelta(days=1)


class Frequency(TextChoices):
    """How often a user wants a recap."""

    DAILY = "daily", _("Every day")
    WEEKLY = "weekly", _("Every Monday")
    MONTHLY = "monthly", _("On the first day of the month")


@dataclass(frozen=True, slots=True)
class RecapTime:
    """When a user wants recaps.

    Attributes:
        hour: 0 to 23 on the clock of `zone`.
    """

    frequency: Frequency
    hour: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """The time that one recap covers, from `start` (inclusive) to `end` (exclusive).

    Attributes:
        frequency: how often the user gets recaps.
        day: the day on which the recap is due, in the user's time zone.
        start: an aware datetime.
        end: an aware datetime, at which the recap is due.
    """

    frequency: Frequency
    day: date
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """A name for the period that does not depend on the hour or the time zone."""
        return f"{self.frequency}:{self.day.isoformat()}"

    @classmethod
    def from_key(cls, key: str, start: datetime, end: datetime) -> Period:
        """Return the period with a key and its stored start and end."""
        frequency, _, day = key.partition(":")
        return cls(Frequency(frequency), date.fromisoformat(day), start, end)


def due_period(
    wanted: RecapTime, now: datetime, covered_until: datetime | None = None
) -> Period | None:
    """Return the latest period whose recap is due. Recaps missed before are not sent.

    The period starts when the previous recap was due. If the user's last recap ended at another
    time, because the hour or time zone has changed since, the period starts there, so that nothing
    is repeated or left out. A period that was missed entirely is not included.

    Args:
        now: an aware datetime.
        covered_until: the end of the user's last recap.

    Returns:
        The period, or None if the last recap covers all of it.
    """
    backwards = _due_times(wanted, now, step=-1)
    day, end = next((day, due) for day, due in backwards if due <= now)
    start = next(due for _, due in backwards if due < end)
    if covered_until is None:
        return Period(wanted.frequency, day, start, end)
    if covered_until >= end:
        return None
    before = next(due for _, due in backwards if due < start)
    if covered_until > before:
        start = covered_until
    return Period(wanted.frequency, day, start, end)


def next_due(wanted: RecapTime, now: datetime) -> datetime:
    """Return the first time after `now` at which a recap is due."""
    return next(due for _, due in _due_times(wanted, now, step=1) if due > now)


def _due_times(wanted: RecapTime, now: datetime, step: int) -> Iterator[tuple[date, datetime]]:
    """Yield the day and time of each recap, in the direction of `step`, starting around `now`."""
    day = _first_day(wanted.frequency, now.astimezone(wanted.zone).date())
    # Start one period earlier, because a time zone change can skip or repeat a day.
    day = _moved(wanted.frequency, day, -step)
    while True:
        yield day, _instant(wanted, day)
        day = _moved(wanted.frequency, day, step)


def _instant(wanted: RecapTime, day: date) -> datetime:
    """Return when the clock shows the hour: the first of two times, or the end of a gap."""
    return from_wall_time(datetime.combine(day, time(wanted.hour)), wanted.zone)


def _first_day(frequency: Frequency, day: date) -> date:
    """Return the day within the current week or month on which its recap is due."""
    if frequency == Frequency.WEEKLY:
        return day - timedelta(days=day.weekday())
    if frequency == Frequency.MONTHLY:
        return day.replace(day=1)
    return day


def _moved(frequency: Frequency, day: date, step: int) -> date:
    """Return the recap's day one period later (`step` 1) or earlier (−1)."""
    if frequency == Frequency.WEEKLY:
        return day + step * timedelta(weeks=1)
    if frequency == Frequency.MONTHLY:
        # The 28th plus four days, or the first less a day, is always in the neighbouring month.
        return (day.replace(day=28) + 4 * ONE_DAY if step > 0 else day - ONE_DAY).replace(day=1)
    return day + step * ONE_DAY
