"""Which tick of a periodic task a worker is to claim now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.utils.timezone import get_default_timezone

from django_jobs.compat import Task
from django_jobs.periodic_tasks.cron import CronSchedule

ON_TIME = timedelta(seconds=60)
"""Up to this age a tick is not one that was missed: the longest that a worker looks away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicTask:
    """A task with the line on which it is run.

    Attributes:
        name: unique; workers of all deploys know its ticks by it.
        line: the cron line.
        timezone: the zone of the line, or None for the site's `TIME_ZONE`.
        catch_up: whether ticks that were missed are made up, by one run for all of them.
    """

    name: str
    task: Task[..., Any]
    line: str
    timezone: tzinfo | None = None
    catch_up: bool = True

    @property
    def schedule(self) -> CronSchedule:
        """The ticks; each task has its own value for `H`."""
        # The site's zone is asked for here, as settings may change after the task's import.
        return CronSchedule(self.line, self.timezone or get_default_timezone(), seed=self.name)


@dataclass(frozen=True, slots=True)
class DueTick:
    """A tick to claim.

    Attributes:
        run: False for a missed tick that is claimed without running the task.
    """

    tick: datetime
    run: bool


def tick_to_claim(periodic: PeriodicTask, last: datetime, now: datetime) -> DueTick | None:
    """Return the tick to claim, or None if all ticks until now are claimed.

    Of several that were missed it is the latest, so that downtime is made up by one run. A clock
    that was set back is before `last`: nothing is due until it is there again.

    Args:
        last: the last tick that was claimed.
        now: the present.
    """
    schedule = periodic.schedule
    if schedule.next(last) > now:
        return None
    tick = schedule.latest(now)
    if tick is None:
        return None
    return DueTick(tick, run=periodic.catch_up or now - tick <= ON_TIME)
