"""What the page of a job says of its workflow: what the job needs, and what waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django_jobs.brokers.retry_refusals import needs_failed_job
from django_jobs.jobs.batches import BatchRecord
from django_jobs.jobs.records import JobRecord, State
from django_jobs.jobs.workflows import Edge, EdgeKind

from .request import DashboardRequest
from .rows import Row, to_row

SHOWN = 20
"""How many of the jobs to which edges join a job its page shows, in each direction."""

LONGEST_WAY = 20
"""How many failed jobs are followed to the one that failed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedJob:
    """A job to which an edge leads.

    Attributes:
        row: the job, or None if it is no longer kept.
        is_end: whether only the end counts, in whichever way.
    """

    id: str
    row: Row | None
    is_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNeighbours:
    """What a node needs, and what waits for it.

    Attributes:
        workflow: None if it is no longer kept.
        more_needs, more_waiting: how many more there are.
        failed: the job whose failure has kept this one from starting, if that is known.
    """

    workflow: BatchRecord
    needs: tuple[JoinedJob, ...]
    more_needs: int
    waiting: tuple[JoinedJob, ...]
    more_waiting: int
    failed: Row | None


def neighbours(request: DashboardRequest, record: JobRecord) -> NodeNeighbours | None:
    """Return to what jobs edges join a job, or None if it is of no workflow that is kept."""
    workflow = request.backend.batches.find(record.job.batch) if record.job.batch else None
    if workflow is None or not workflow.is_workflow:
        return None
    found = request.backend.broker.batches.neighbours(record.job.id, SHOWN)
    return NodeNeighbours(
        workflow=request.redactor.batch(workflow),
        needs=_joined(request, found.needs),
        more_needs=found.needed - len(found.needs),
        waiting=_joined(request, found.waiting),
        more_waiting=found.waited - len(found.waiting),
        failed=_failed_first(request, record) if needs_failed_job(record) else None,
    )


def _joined(request: DashboardRequest, edges: Sequence[Edge]) -> tuple[JoinedJob, ...]:
    redactor = request.redactor
    records = request.inspection.read([edge.source for edge in edges])
    rows = {record.job.id: to_row(redactor.record(record)) for record in records}
    return tuple(
        JoinedJob(id=edge.source, row=rows.get(edge.source), is_end=edge.kind is EdgeKind.END)
        for edge in edges
    )


def _failed_first(request: DashboardRequest, record: JobRecord) -> Row | None:
    """Return the job that failed by itself, or the last one on the way to it that is kept."""
    last: JobRecord | None = None
    current = record
    for _ in range(LONGEST_WAY):
        failed = _failed_source(request, current)
        if failed is None:
            break
        last = current = failed
        if not needs_failed_job(failed):
            break
    return None if last is None else to_row(request.redactor.record(last))


def _failed_source(request: DashboardRequest, record: JobRecord) -> JobRecord | None:
    """Return a failed job that a job needs: one that failed by itself, if there is any."""
    edges = request.backend.broker.batches.neighbours(record.job.id, SHOWN).needs
    needed = [edge.source for edge in edges if edge.kind is EdgeKind.SUCCESS]
    failed = [
        one for one in request.inspection.read(needed) if one.state in (State.DEAD, State.DISCARDED)
    ]
    return min(failed, key=needs_failed_job, default=None)
