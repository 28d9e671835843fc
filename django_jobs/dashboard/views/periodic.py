"""The page of the periodic tasks, and the actions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _

from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.cron_text import describe
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.jobs.records import JobRecord
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.periodic_tasks.registry import registered_tasks
from django_jobs.tasks.registry import import_task_modules


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table.

    Attributes:
        description: the cron line in words, or "".
        next: Unix milliseconds of the next tick, or None while it is switched off.
        last: Unix milliseconds of the last tick, or None.
        off_since: Unix milliseconds, or None while it is switched on.
        record: its latest job, or None if there is none or it is no longer kept.
    """

    periodic: PeriodicTask
    description: str
    zone: str
    next: int | None
    last: int | None
    off_since: int | None
    record: JobRecord | None


@page("django_jobs_dashboard/periodic.html", entry="periodic")
def periodic_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show all periodic tasks."""
    ticks, off = request.backend.broker.ticks(), request.inspection.switched_off()
    runs = request.inspection.last_runs()
    found = {one.job.id: one for one in request.inspection.read(list(runs.values()))}
    return {
        "rows": [
            _row(one, ticks, off, found.get(runs.get(one.name, ""))) for one in _known(request)
        ]
    }


@action(Permission.MANAGE)
def run(request: DashboardRequest) -> Done | Refused:
    """Enqueue a periodic task now, in addition to its ticks."""
    one = _named(request)
    if one is None:
        return _unknown(request)
    result = one.task.enqueue()
    return Done(
        _("%(name)s was enqueued as this job.") % {"name": one.name},
        request.address("job", id=result.id),
        Change(action="run periodic task", target=one.name),
    )


@action(Permission.MANAGE)
def switch_off(request: DashboardRequest) -> Done | Refused:
    """Switch a periodic task off."""
    text = _("%(name)s is switched off. It does not run until you switch it on again.")
    return _switch(request, request.inspection.switch_off, "switch off periodic task", text)


@action(Permission.MANAGE)
def switch_on(request: DashboardRequest) -> Done | Refused:
    """Switch a periodic task on."""
    text = _("%(name)s is switched on and runs on schedule again.")
    return _switch(request, request.inspection.switch_on, "switch on periodic task", text)


def _switch(
    request: DashboardRequest, change: Callable[[str], object], action: str, text: str
) -> Done | Refused:
    one = _named(request)
    if one is None or not request.backend.persistent:
        return _unknown(request)
    change(one.name)
    back = request.address("periodic")
    return Done(text % {"name": one.name}, back, Change(action=action, target=one.name))


def _known(request: DashboardRequest) -> tuple[PeriodicTask, ...]:
    import_task_modules()
    return registered_tasks(request.backend.alias)


def _row(
    one: PeriodicTask, ticks: Mapping[str, int], off: Mapping[str, int], record: JobRecord | None
) -> Row:
    following = one.schedule.next(from_ms(now_ms()))
    return Row(
        periodic=one,
        description=describe(one.schedule),
        zone=str(one.timezone or get_default_timezone()),
        next=None if one.name in off else to_ms(following),
        last=ticks.get(one.name),
        off_since=off.get(one.name),
        record=record,
    )


def _named(request: DashboardRequest) -> PeriodicTask | None:
    name = request.http.POST.get("name", "")
    return next((one for one in _known(request) if one.name == name), None)


def _unknown(request: DashboardRequest) -> Refused:
    return Refused(_("This periodic task does not exist."), request.address("periodic"))
