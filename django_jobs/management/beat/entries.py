"""Reads the schedule that Celery's beat has for this site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .lines import CronLine, NoCronLine, to_cron_line


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatEntry:
    """One entry of the schedule.

    Attributes:
        task: dotted path of the task.
        cron: None if no cron line says the same.
        queue: None for the default of the task.
        expires: seconds, or None.
        problem: why there is no cron line.
    """

    name: str
    task: str
    cron: CronLine | None
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any]
    queue: str | None = None
    expires: float | None = None
    problem: str = ""


def read_entries() -> list[BeatEntry]:
    """Return the entries of `beat_schedule` of the current app of Celery, sorted by name.

    Raises:
        ImportError: Celery is not installed.
    """
    from celery import current_app

    schedule = current_app.conf.beat_schedule
    return [_entry(name, entry) for name, entry in sorted(schedule.items())]


def _entry(name: str, given: Mapping[str, Any]) -> BeatEntry:
    options = given.get("options") or {}
    expires = options.get("expires")
    cron, problem = None, ""
    try:
        cron = to_cron_line(given["schedule"])
    except NoCronLine as error:
        problem = str(error)
    return BeatEntry(
        name=name,
        task=given["task"],
        cron=cron,
        problem=problem,
        args=tuple(given.get("args") or ()),
        kwargs=dict(given.get("kwargs") or {}),
        queue=options.get("queue"),
        expires=expires.total_seconds() if isinstance(expires, timedelta) else expires,
    )
