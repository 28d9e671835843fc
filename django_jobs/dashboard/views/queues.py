"""The page of the queues, and the actions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_jobs.backends.queues import configured_and_known, fair_keys
from django_jobs.brokers.inspection.base import QueueInfo
from django_jobs.brokers.messages import WorkerInfo
from django_jobs.dashboard import formatting
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.metrics.history import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table.

    Attributes:
        ended: attempts that ended within the last hour.
        clearable: jobs that clearing the queue deletes.
        workers: workers that serve the queue.
        is_neglected: whether it has jobs that no worker will take.
    """

    queue: QueueInfo
    ended: int
    clearable: int
    workers: int
    is_neglected: bool


@page("django_jobs_dashboard/queues.html", entry="queues")
def queue_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show all queues."""
    found = configured_and_known(request.backend)
    workers = request.inspection.workers()
    counted = request.inspection.metrics.queues(Span.HOUR)
    ended = {one.queue: one.succeeded + one.failed for one in counted}
    return {
        "rows": [_row(request, queue, workers, ended.get(queue.name, 0)) for queue in found],
        "total": sum(queue.size for queue in found),
        "paused": sum(queue.paused for queue in found),
        "fair_keys": fair_keys(request.backend, found, request.redactor),
    }


@action(Permission.MANAGE)
def pause(request: DashboardRequest) -> Done | Refused:
    """Pause a queue."""
    text = _("The queue %(queue)s is paused. Its jobs wait until you resume it.")
    return _set_paused(request, request.inspection.pause, "pause queue", text)


@action(Permission.MANAGE)
def resume(request: DashboardRequest) -> Done | Refused:
    """Resume a queue."""
    text = _("The queue %(queue)s is active again.")
    return _set_paused(request, request.inspection.resume, "resume queue", text)


@action(Permission.MANAGE)
def clear(request: DashboardRequest) -> Done | Refused:
    """Delete all jobs of a queue, if the visitor has typed its name."""
    queue = _named(request)
    if queue is None:
        return _unknown(request)
    if request.http.POST.get("typed", "").strip() != queue.name:
        text = _("Nothing was deleted: the name you typed is not %(queue)s.")
        return Refused(text % {"queue": queue.name}, request.address("queues"))
    count = request.inspection.clear(queue.name)
    text = ngettext(
        "%(count)s job was deleted from the queue %(queue)s.",
        "%(count)s jobs were deleted from the queue %(queue)s.",
        count,
    )
    return _done(request, text, Change(action="clear queue", target=queue.name, count=count))


def _set_paused(
    request: DashboardRequest, change: Callable[[str], object], action: str, text: str
) -> Done | Refused:
    queue = _named(request)
    if queue is None:
        return _unknown(request)
    change(queue.name)
    return _done(request, text, Change(action=action, target=queue.name))


def _row(
    request: DashboardRequest, queue: QueueInfo, workers: tuple[WorkerInfo, ...], ended: int
) -> Row:
    serving = sum(worker.serves(queue.name) for worker in workers)
    # The thread pool starts its worker with the first job, and it serves all queues.
    neglected = request.backend.persistent and queue.size > 0 and not serving
    return Row(
        queue=queue,
        ended=ended,
        clearable=queue.size + queue.waiting,
        workers=serving,
        is_neglected=neglected,
    )


def _named(request: DashboardRequest) -> QueueInfo | None:
    """Return the queue that a form names, which may contain any characters."""
    name = request.http.POST.get("queue", "")
    return next(
        (queue for queue in configured_and_known(request.backend) if queue.name == name), None
    )


def _unknown(request: DashboardRequest) -> Refused:
    return Refused(_("This queue does not exist."), request.address("queues"))


def _done(request: DashboardRequest, text: str, change: Change) -> Done:
    said = text % {"queue": change.target, "count": formatting.number(change.count)}
    return Done(said, request.address("queues"), change)
