"""The page of a batch, and the actions on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.job_groups import BATCHES
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.rows import Row, to_row
from django_jobs.dashboard.states import EVENT_LABELS
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord


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
    batch, context = BATCHES.show(request)
    return {**context, "callbacks": list(_callbacks(request, batch))}


@action(Permission.MANAGE)
def cancel(request: DashboardRequest) -> Done | Refused:
    """Cancel a batch."""
    return BATCHES.cancel(request)


@action(Permission.MANAGE)
def retry_dead(request: DashboardRequest) -> Done | Refused:
    """Queue the dead members of a batch again, as many as one request can."""
    return BATCHES.retry_dead(request)


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
