"""The page of the workers, and the commands to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_jobs.brokers.constants import BEATS
from django_jobs.brokers.messages import WorkerCommand, WorkerInfo
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.jobs.records import JobRecord

SHOWN = 20
"""Running jobs shown per worker; the broker reads a record for each."""

EVERY = "*"
"""All workers, in place of a worker's id. No id has this form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A job that a worker runs.

    Attributes:
        task: the dotted path of its task, or "" if the job no longer exists.
        started_at: Unix milliseconds.
        is_stuck: whether it has passed its timeout.
    """

    job_id: str
    task: str
    queue: str
    started_at: int
    is_stuck: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A worker.

    Attributes:
        running: its running jobs, the longest first.
        more: the number of running jobs that are not shown.
        load: the share of its threads that are busy, in percent.
    """

    worker: WorkerInfo
    running: tuple[Running, ...]
    more: int
    load: int


@page("django_jobs_dashboard/workers.html", entry="workers")
def worker_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show the workers."""
    found = request.inspection.workers()
    shown = [job_id for worker in found for job_id, _ in _longest(worker)]
    records = {record.job.id: record for record in request.inspection.read(shown)}
    return {
        "cards": [_card(worker, records) for worker in found],
        "threads": sum(worker.concurrency for worker in found),
        "busy": sum(len(worker.running) for worker in found),
        "stuck": sum(len(worker.stuck) for worker in found),
        "memory": sum(worker.memory or 0 for worker in found),
        "beat": round(request.backend.broker.lease / BEATS),
        "lease": round(request.backend.broker.lease),
    }


@action(Permission.CONTROL)
def quiet(request: DashboardRequest) -> Done | Refused:
    """Tell a worker, or all workers, to take no more jobs."""
    return _send(request, WorkerCommand.QUIET)


@action(Permission.CONTROL)
def stop(request: DashboardRequest) -> Done | Refused:
    """Tell a worker, or all workers, to stop."""
    return _send(request, WorkerCommand.STOP)


def _longest(worker: WorkerInfo) -> list[tuple[str, int]]:
    return sorted(worker.running, key=lambda pair: pair[1])[:SHOWN]


def _card(worker: WorkerInfo, records: Mapping[str, JobRecord]) -> Card:
    running = tuple(_running(worker, records))
    return Card(
        worker=worker,
        running=running,
        more=len(worker.running) - len(running),
        load=min(100, round(100 * len(worker.running) / max(1, worker.concurrency))),
    )


def _running(worker: WorkerInfo, records: Mapping[str, JobRecord]) -> Iterator[Running]:
    for job_id, started_at in _longest(worker):
        record = records.get(job_id)
        yield Running(
            job_id=job_id,
            task=record.job.task if record else "",
            queue=record.job.queue if record else "",
            started_at=started_at,
            is_stuck=job_id in worker.stuck,
        )


def _send(request: DashboardRequest, command: WorkerCommand) -> Done | Refused:
    back = request.address("workers")
    if not request.backend.persistent:
        text = _("This worker is part of the web process and stops with it.")
        return Refused(text, back)
    asked = request.http.POST.get("worker", "")
    alive = [worker.id for worker in request.inspection.workers()]
    meant = alive if asked == EVERY else [worker for worker in alive if worker == asked]
    told = sum(request.inspection.command_worker(worker, command) for worker in meant)
    if not told:
        return Refused(_("This worker no longer exists."), back)
    text = _told(command, told) % {
        "count": told,
        "seconds": round(request.backend.broker.lease / BEATS),
    }
    return Done(text, back, Change(action=f"{command} worker", target=asked, count=told))


def _told(command: WorkerCommand, count: int) -> str:
    if command is WorkerCommand.QUIET:
        return ngettext(
            "%(count)s worker takes no more jobs after its next heartbeat, within %(seconds)s s.",
            "%(count)s workers take no more jobs after their next heartbeat, within %(seconds)s s.",
            count,
        )
    return ngettext(
        "%(count)s worker stops after its next heartbeat, within %(seconds)s s.",
        "%(count)s workers stop after their next heartbeat, within %(seconds)s s.",
        count,
    )
