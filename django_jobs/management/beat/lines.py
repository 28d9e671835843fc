"""Writes schedules of Celery as cron lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.timezone import get_default_timezone_name

# For each unit: how many of it the next one has, and the line for every `{}` of it.
INTERVALS = (
    (timedelta(days=1), 1, "0 0 * * *"),
    (timedelta(hours=1), 24, "0 */{} * * *"),
    (timedelta(minutes=1), 60, "*/{} * * * *"),
    (timedelta(seconds=1), 60, "* * * * * */{}"),
)


@dataclass(frozen=True, slots=True)
class CronLine:
    """A cron line.

    Attributes:
        timezone: its name, or None for that of the site.
        note: what differs from Celery's schedule.
    """

    line: str
    timezone: str | None = None
    note: str = ""


class NoCronLine(ValueError):
    """No cron line says the same as a schedule of Celery; has the reason."""


def to_cron_line(schedule: Any) -> CronLine:
    """Return the cron line for a schedule of Celery.

    Args:
        schedule: a `crontab`, a `schedule`, a timedelta or seconds.

    Raises:
        NoCronLine: there is none.
    """
    from celery.schedules import crontab
    from celery.schedules import schedule as interval

    if isinstance(schedule, crontab):
        return _of_crontab(schedule)
    if isinstance(schedule, interval):
        return _of_interval(schedule.run_every)
    if isinstance(schedule, timedelta):
        return _of_interval(schedule)
    if isinstance(schedule, (int, float)):
        return _of_interval(timedelta(seconds=schedule))
    raise NoCronLine(f"no cron line says the same as {schedule!r}")


def _of_crontab(schedule: Any) -> CronLine:
    fields = {
        name: _field(getattr(schedule, f"_orig_{name}"))
        for name in ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    }
    if "*" not in {fields["day_of_month"][:1], fields["day_of_week"][:1]}:
        raise NoCronLine(
            "Celery runs it on days that match both the day of the month and the day of the week,"
            " and cron on days that match either: check one of them in the task"
        )
    zone = str(schedule.tz)
    return CronLine(
        " ".join(fields.values()), None if zone == get_default_timezone_name() else zone
    )


def _field(given: Any) -> str:
    """Return a field of a cron line: Celery takes a number, a text, or several numbers."""
    numbers = [given] if isinstance(given, (int, str)) else given
    return ",".join(map(str, numbers)).replace(" ", "")


def _of_interval(every: timedelta) -> CronLine:
    for unit, most, line in INTERVALS:
        number = every // unit
        if not every % unit and number and not most % number:
            note = f"every {every}, counted from midnight instead of from the start of beat"
            return CronLine(line.format(number), note=note)
    raise NoCronLine(f"every {every} divides no minute, hour or day")
