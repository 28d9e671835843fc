"""Describes cron lines in words, if they are simple enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_jobs.periodic_tasks.cron import CronSchedule

Field: TypeAlias = "tuple[int | str, ...]"

ANY: Field = ("*",)
MOST_TIMES = 4
"""Times of day that a description lists at most."""


def describe(schedule: CronSchedule) -> str:
    """Return "every day at 08:00" for "0 8 * * *", or "" for a line that is too complex."""
    fields = schedule.fields
    if fields is None:
        return ""
    minutes, hours, days, months, weekdays, *rest = fields
    seconds = rest[0] if rest else (0,)
    every_day = (days, months, weekdays) == (ANY, ANY, ANY)
    if seconds != (0,):
        plain = every_day and (minutes, hours) == (ANY, ANY)
        return _every_seconds(seconds) if plain else ""
    if every_day and (often := _often(minutes, hours)):
        return often
    day, time = _days(days, months, weekdays), _times(minutes, hours)
    return _("%(day)s at %(time)s") % {"day": day, "time": time} if day and time else ""


def _every_seconds(seconds: Field) -> str:
    step = _step(seconds, 60)
    text = ngettext("every second", "every %(number)s seconds", step)
    return text % {"number": step} if step else ""


def _often(minutes: Field, hours: Field) -> str:
    """Describe a line that runs several times an hour, or every few hours."""
    if hours == ANY and (step := _step(minutes, 60)) and step < 60:
        text = ngettext("every minute", "every %(number)s minutes", step)
        return text % {"number": step}
    if len(minutes) != 1 or minutes == ANY:
        return ""
    step = _step(hours, 24)
    if not step or len(_listed(hours, 24)) <= MOST_TIMES:
        return ""
    if step == 1:
        return _("every hour, at minute %(minute)s") % {"minute": minutes[0]}
    return _("every %(number)s hours, at minute %(minute)s") % {
        "number": step,
        "minute": minutes[0],
    }


def _times(minutes: Field, hours: Field) -> str:
    if hours == ANY or minutes == ANY or len(minutes) * len(hours) > MOST_TIMES:
        return ""
    times = [f"{int(hour):02}:{int(minute):02}" for hour in hours for minute in minutes]
    return get_text_list(times, _("and"))


def _days(days: Field, months: Field, weekdays: Field) -> str:
    if months != ANY:
        return _once_a_year(days, months) if weekdays == ANY else ""
    if days == ANY:
        return _("every day") if weekdays == ANY else _weekdays(weekdays)
    if weekdays != ANY:
        return ""
    if days == ("l",):
        return _("on the last day of each month")
    if "l" in days:
        return ""
    named = get_text_list([str(day) for day in days], _("and"))
    text = ngettext("on day %(days)s of each month", "on days %(days)s of each month", len(days))
    return text % {"days": named}


def _weekdays(weekdays: Field) -> str:
    # Python's week starts on Monday, cron's on Sunday.
    numbers = sorted((int(day) - 1) % 7 for day in weekdays)
    names = [str(WEEKDAYS[number]) for number in numbers]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return _("%(first)s to %(last)s") % {"first": names[0], "last": names[-1]}
    return _("every %(days)s") % {"days": get_text_list(names, _("and"))}


def _once_a_year(days: Field, months: Field) -> str:
    if len(days) != 1 or len(months) != 1 or not isinstance(days[0], int):
        return ""
    month = str(MONTHS[int(months[0])])
    return _("every year on %(month)s %(day)s") % {"month": month, "day": days[0]}


def _step(numbers: Field, whole: int) -> int:
    """Return the distance between numbers that are spread evenly over `whole`, or else 0."""
    listed = _listed(numbers, whole)
    step = whole // len(listed)
    even = whole % len(listed) == 0 and listed == list(range(listed[0], whole, step))
    return step if even and listed[0] < step else 0


def _listed(numbers: Sequence[int | str], whole: int) -> list[int]:
    return list(range(whole)) if tuple(numbers) == ANY else [int(number) for number in numbers]
