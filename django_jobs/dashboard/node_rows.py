"""The rows of the table of a workflow's jobs, and of those to which edges join a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django_jobs.jobs.workflows import EdgeKind, NodeRecord

from .request import DashboardRequest
from .rows import Row, to_row
from .workflow_nodes import WorkflowNodes

NEEDS_SHOWN = 5
"""Of how many jobs that a job needs the table has the names."""

ROWS = 50
"""Jobs per page of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededJob:
    """A job that another one needs, or that waits for another one.

    Attributes:
        number: its place in the workflow, or None if that is not known.
        name: the last part of the task's dotted path, or "" if the job is no longer kept.
        is_end: whether only the end counts, in whichever way.
    """

    id: str
    number: int | None
    name: str
    is_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """A job of a workflow.

    Attributes:
        number: its place in the workflow, from 1.
        row: the job, or None if it is no longer kept.
        needs: some of the jobs that it needs.
        more: how many more it needs.
    """

    id: str
    number: int
    row: Row | None
    needs: tuple[NeededJob, ...]
    more: int


def read_rows(
    request: DashboardRequest, nodes: WorkflowNodes, workflow_id: str, first: int
) -> list[NodeRow]:
    """Return a page of the jobs of a workflow, in the order in which they were added.

    Args:
        nodes: what is known of the workflow.
        first: how many jobs to skip.
    """
    page = request.backend.broker.batches.nodes(workflow_id, offset=first, limit=ROWS)
    rows = _rows(request, [node.id for node in page])
    shown = [edge.source for node in page for edge in node.needs[:NEEDS_SHOWN]]
    names = nodes.tasks | _tasks(request, set(shown) - nodes.tasks.keys())
    return [
        NodeRow(
            id=node.id,
            number=first + place,
            row=rows.get(node.id),
            needs=tuple(_needed(node, names, nodes.numbers)),
            more=max(0, len(node.needs) - NEEDS_SHOWN),
        )
        for place, node in enumerate(page, 1)
    ]


def _rows(request: DashboardRequest, ids: Sequence[str]) -> Mapping[str, Row]:
    redactor = request.redactor
    records = request.inspection.read(ids)
    return {record.job.id: to_row(redactor.record(record)) for record in records}


def _tasks(request: DashboardRequest, ids: Iterable[str]) -> dict[str, str]:
    return {record.job.id: record.job.task for record in request.inspection.read([*ids])}


def _needed(
    node: NodeRecord, tasks: Mapping[str, str], numbers: Mapping[str, int]
) -> Iterable[NeededJob]:
    for edge in node.needs[:NEEDS_SHOWN]:
        yield NeededJob(
            id=edge.source,
            number=numbers.get(edge.source),
            name=tasks.get(edge.source, "").rpartition(".")[2],
            is_end=edge.kind is EdgeKind.END,
        )
