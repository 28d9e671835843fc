"""The page of a workflow with its graph, and the actions on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_jobs.dashboard import parameters
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.graph_boxes import job_graph, stage_graph
from django_jobs.dashboard.graph_drawing import draw
from django_jobs.dashboard.job_groups import WORKFLOWS
from django_jobs.dashboard.node_rows import read_rows
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.workflow_nodes import WorkflowNodes, read_nodes
from django_jobs.jobs.batches import BatchRecord

MOST = 10**9
"""The highest place of a job in a workflow that a URL can name."""

STAGES_SHOWN = 200
"""Of how many tasks and layers the page of a large workflow has the counts."""


@page("django_jobs_dashboard/workflow.html", entry="workflows")
def workflow_detail(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a workflow."""
    workflow, context = WORKFLOWS.show(request)
    nodes = read_nodes(request.backend.broker.batches, workflow)
    return {
        **context,
        "nodes": nodes,
        **_graph(request, nodes, workflow.id),
        **_table(request, nodes, workflow),
    }


@action(Permission.MANAGE)
def cancel(request: DashboardRequest) -> Done | Refused:
    """Cancel a workflow."""
    return WORKFLOWS.cancel(request)


@action(Permission.MANAGE)
def retry_dead(request: DashboardRequest) -> Done | Refused:
    """Queue the dead jobs of a workflow again, as many as one request can."""
    return WORKFLOWS.retry_dead(request)


def _graph(request: DashboardRequest, nodes: WorkflowNodes, workflow_id: str) -> dict[str, Any]:
    """Return the graph of the jobs, or that of their stages if there are too many jobs."""
    jobs = job_graph(request, nodes)
    if nodes.is_whole and (jobs.can_be_drawn or not jobs.boxes):
        return {"graph": draw(jobs) if jobs.boxes else "", "stages": ()}
    stages = stage_graph(request, nodes, workflow_id)
    return {
        "graph": draw(stages) if stages.can_be_drawn else "",
        "stages": nodes.stages()[:STAGES_SHOWN],
    }


def _table(
    request: DashboardRequest, nodes: WorkflowNodes, workflow: BatchRecord
) -> dict[str, Any]:
    """Return a page of the table of all jobs."""
    first = parameters.whole(request.http.GET, "after", default=0, least=0, most=MOST)
    rows = read_rows(request, nodes, workflow.id, first)
    last = first + len(rows)
    has_more = rows and last < workflow.counts.total
    return {
        "rows": rows,
        "first": first,
        "last": last,
        "here": request.address("workflow", id=workflow.id),
        "next": request.address("workflow", id=workflow.id, after=last) if has_more else "",
    }
