"""Decides which tick of a periodic task a worker should claim now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.utils.timezone import get_default_timezone

from django_jobs.compat import Task
from django_jobs.periodic_tasks.cron import CronSchedule

ON_TIME = timedelta(seconds=60)
"""A tick up to this age is on time: workers look at the schedule at least this often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicTask:
    """A task with its cron line.

    Attributes:
        name: unique; its ticks are stored under it, also across deploys.
        line: the cron line.
        timezone: the zone of the line, or None for the site's `TIME_ZONE`.
        catch_up: whether to run it once for all missed ticks.
    """

    name: str
    task: Task[..., Any]
    line: str
    timezone: tzinfo | None = None
    catch_up: bool = True

    @property
    def schedule(self) -> CronSchedule:
        """The schedule; each task has its own value for `H`."""
        # The site's zone is read here, as settings may change after the task was imported.
        return CronSchedule(self.line, self.timezone or get_default_timezone(), seed=self.name)


@dataclass(frozen=True, slots=True)
class DueTick:
    """A tick to claim.

    Attributes:
        run: whether to run the task; False for a missed tick that is skipped.
    """

    tick: datetime
    run: bool


def tick_to_claim(periodic: PeriodicTask, last: datetime, now: datetime) -> DueTick | None:
    """Return the tick to claim, or None if all ticks until now are claimed.

    Of several missed ticks it is the latest, so one run makes up for downtime. If the clock was set
    back before `last`, nothing is due until the clock reaches it again.

    Args:
        last: the last claimed tick.
        now: the current time.
    """
    schedule = periodic.schedule
    if schedule.next(last) > now:
        return None
    tick = schedule.latest(now)
    if tick is None:
        return None
    return DueTick(tick, run=periodic.catch_up or now - tick <= ON_TIME)
