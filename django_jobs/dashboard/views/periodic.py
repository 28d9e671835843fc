"""The periodic tasks: when they run, how it went the last time, and whether they run at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _

from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.dashboard.access import Right
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.cron_words import in_words
from django_jobs.dashboard.page import Done, Refused, action, page
from django_jobs.dashboard.visit import Visit
from django_jobs.due import PeriodicTask
from django_jobs.job import Record
from django_jobs.periodic import registered
from django_jobs.registry import import_task_modules


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the table.

    Attributes:
        words: the cron line in plain words, or "".
        next: Unix milliseconds of the next tick, or None while it is switched off.
        last: Unix milliseconds of the last one.
        off_since: Unix milliseconds, or None while it is switched on.
        record: its latest job, or None if there was none, or it is no longer kept.
    """

    periodic: PeriodicTask
    words: str
    zone: str
    next: int | None
    last: int | None
    off_since: int | None
    record: Record | None


@page("django_jobs_dashboard/periodic.html", entry="periodic")
def periodic(visit: Visit) -> Mapping[str, Any]:
    """Show all periodic tasks."""
    ticks, off = visit.backend.broker.ticks(), visit.inspection.switched_off()
    runs = visit.inspection.last_runs()
    found = {one.job.id: one for one in visit.inspection.read(list(runs.values()))}
    return {
        "lines": [
            _line(one, ticks, off, found.get(runs.get(one.name, ""))) for one in _known(visit)
        ]
    }


@action(Right.MANAGE)
def run(visit: Visit) -> Done | Refused:
    """Enqueue a periodic task now, beside its ticks."""
    one = _named(visit)
    if one is None:
        return _unknown(visit)
    result = one.task.enqueue()
    return Done(
        _("%(name)s is enqueued. This is its job.") % {"name": one.name},
        visit.address("job", id=result.id),
        Change(action="run periodic task", target=one.name),
    )


@action(Right.MANAGE)
def switch_off(visit: Visit) -> Done | Refused:
    """Let the ticks of a periodic task pass."""
    one = _named(visit)
    if one is None or not visit.backend.persistent:
        return _unknown(visit)
    visit.inspection.switch_off(one.name)
    text = _("%(name)s is switched off: its ticks pass without a job until it is switched on.")
    return _done(visit, text, Change(action="switch off periodic task", target=one.name))


@action(Right.MANAGE)
def switch_on(visit: Visit) -> Done | Refused:
    """Let a periodic task run again."""
    one = _named(visit)
    if one is None or not visit.backend.persistent:
        return _unknown(visit)
    visit.inspection.switch_on(one.name)
    text = _("%(name)s is switched on: it runs at its next tick.")
    return _done(visit, text, Change(action="switch on periodic task", target=one.name))


def _known(visit: Visit) -> tuple[PeriodicTask, ...]:
    import_task_modules()
    return registered(visit.backend.alias)


def _line(
    one: PeriodicTask, ticks: Mapping[str, int], off: Mapping[str, int], record: Record | None
) -> Line:
    following = one.schedule.next(from_ms(now_ms()))
    return Line(
        periodic=one,
        words=in_words(one.schedule),
        zone=str(one.timezone or get_default_timezone()),
        next=None if one.name in off else to_ms(following),
        last=ticks.get(one.name),
        off_since=off.get(one.name),
        record=record,
    )


def _named(visit: Visit) -> PeriodicTask | None:
    name = visit.request.POST.get("name", "")
    return next((one for one in _known(visit) if one.name == name), None)


def _unknown(visit: Visit) -> Refused:
    return Refused(_("There is no such periodic task here."), visit.address("periodic"))


def _done(visit: Visit, text: str, change: Change) -> Done:
    return Done(text % {"name": change.target}, visit.address("periodic"), change)
