"""The page of a batch, and the actions on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_jobs.brokers.batches import RetriedDead
from django_jobs.dashboard import batch_rows, formatting, job_call
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.rows import Row, to_row
from django_jobs.dashboard.states import EVENT_LABELS
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord

DEAD_SHOWN = 10
"""How many dead members the page of a batch shows."""

RETRY_SECONDS = 2.0
"""For how long one request retries dead members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A callback of a batch.

    Attributes:
        row: its job, or None if that is no longer kept.
        has_happened: whether the event has happened that it waits for.
    """

    event: BatchEvent
    label: Any
    job_id: str
    row: Row | None
    has_happened: bool


@page("django_jobs_dashboard/batch.html", entry="batches")
def batch_detail(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a batch."""
    batch = _found(request, request.http.GET.get("id", ""))
    if batch is None:
        raise Http404(_("This batch does not exist, or is no longer kept."))
    batch = request.redactor.batch(batch)
    return {
        "batch": batch,
        "progress": batch_rows.progress(batch),
        "counts": list(batch_rows.member_counts(batch)),
        "callbacks": list(_callbacks(request, batch)),
        "dead": _dead_rows(request, batch),
        "metadata": job_call.named_values(batch.metadata),
        "may_cancel": batch.ended_at is None and not batch.is_cancelled,
    }


@action(Permission.MANAGE)
def cancel(request: DashboardRequest) -> Done | Refused:
    """Cancel a batch."""
    batch = _posted(request)
    if batch is None:
        return _unknown(request)
    back = request.address("batch", id=batch.id)
    if not request.backend.batches.cancel(batch.id):
        return Refused(_("This batch has ended, or was cancelled before."), back)
    text = _("The batch is cancelled. Jobs of it that have not started are discarded.")
    return Done(text, back, Change(action="cancel batch", target=batch.id))


@action(Permission.MANAGE)
def retry_dead(request: DashboardRequest) -> Done | Refused:
    """Queue the dead members of a batch again, as many as one request can."""
    batch = _posted(request)
    if batch is None:
        return _unknown(request)
    back = request.address("batch", id=batch.id)
    if batch.is_cancelled:
        return Refused(_("This batch has ended, or was cancelled before."), back)
    done = request.backend.batches.retry_dead(batch.id, RETRY_SECONDS)
    if not done.retried:
        return Refused(_kept(done) or _("This batch has no dead jobs."), back)
    change = Change(action="retry dead jobs of batch", target=batch.id, count=done.retried)
    return Done(_report(done), back, change)


def _found(request: DashboardRequest, batch_id: str) -> BatchRecord | None:
    return request.backend.batches.find(batch_id) if batch_id else None


def _posted(request: DashboardRequest) -> BatchRecord | None:
    return _found(request, request.http.POST.get("batch", ""))


def _unknown(request: DashboardRequest) -> Refused:
    text = _("This batch does not exist, or is no longer kept.")
    return Refused(text, request.address("batches"))


def _callbacks(request: DashboardRequest, batch: BatchRecord) -> Iterator[Callback]:
    redactor = request.redactor
    records = request.inspection.read([*batch.callbacks.values()])
    rows = {record.job.id: to_row(redactor.record(record)) for record in records}
    for event, job_id in batch.callbacks.items():
        yield Callback(
            event=event,
            label=EVENT_LABELS[event],
            job_id=job_id,
            row=rows.get(job_id),
            has_happened=event in batch.happened,
        )


def _dead_rows(request: DashboardRequest, batch: BatchRecord) -> list[Row]:
    ids = request.backend.broker.batches.dead_members(batch.id, DEAD_SHOWN)
    redactor = request.redactor
    return [to_row(redactor.record(record)) for record in request.inspection.read(ids)]


def _report(done: RetriedDead) -> str:
    text = ngettext("%(jobs)s was enqueued.", "%(jobs)s were enqueued.", done.retried)
    told = [text % {"jobs": formatting.job_count(done.retried)}, _kept(done)]
    if not done.is_done:
        told.append(_("There are more dead jobs: retry again to continue."))
    return " ".join(filter(None, told))


def _kept(done: RetriedDead) -> str:
    """Return why jobs were not retried, or "" if all were."""
    return formatting.kept_jobs(done.kept) if done.kept else ""
