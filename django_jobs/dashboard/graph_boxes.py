"""What is drawn of a workflow: a box for each job, or for each task of a layer if jobs are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django_jobs.jobs.records import State
from django_jobs.jobs.workflows import EdgeKind

from . import formatting
from .request import DashboardRequest
from .workflow_nodes import WorkflowNodes

MOST_BOXES, MOST_IN_COLUMN = 200, 30
"""How many boxes are drawn at most, and how many of them one above the other."""

MOST_STEPS = 600
"""How many columns all lines together may go on."""

FAILED = frozenset({State.DEAD, State.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A job, or the jobs of one task in one layer.

    Attributes:
        name: the last part of the task's dotted path.
        title: the tooltip.
        note: what tells it from others: a number, or how many jobs it stands for.
        address: the URL of the page with details.
        column: from 0.
    """

    name: str
    title: str
    note: str
    state: State
    address: str
    column: int


class Line(NamedTuple):
    """What leads from one box to another one, by their places in the graph.

    Attributes:
        is_end: whether only the end is waited for, in whichever way.
        has_failed: whether it has kept the other one from starting.
    """

    source: int
    target: int
    is_end: bool
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Graph:
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    @property
    def can_be_drawn(self) -> bool:
        """Whether it is there, and small enough to be seen."""
        columns = [box.column for box in self.boxes]
        steps = sum(columns[line.target] - columns[line.source] for line in self.lines)
        height = max(Counter(columns).values(), default=0)
        is_small = len(self.boxes) <= MOST_BOXES and steps <= MOST_STEPS
        return is_small and 0 < height <= MOST_IN_COLUMN


def job_graph(request: DashboardRequest, nodes: WorkflowNodes) -> Graph:
    """Return a graph with a box for each job that is still kept."""
    boxes = tuple(
        Box(
            name=_name(node.task),
            title=f"{node.task} {node.id}",
            note=f"#{formatting.number(nodes.numbers[node.id])}",
            state=node.state or State.WAITING,
            address=request.address("job", id=node.id),
            column=nodes.layers[node.id],
        )
        for node in nodes.kept
    )
    return Graph(boxes, _lines(nodes, {node.id: place for place, node in enumerate(nodes.kept)}))


def stage_graph(request: DashboardRequest, nodes: WorkflowNodes, workflow_id: str) -> Graph:
    """Return a graph with a box for each task of a layer."""
    stages = nodes.stages()
    places = {(stage.layer, stage.task): place for place, stage in enumerate(stages)}
    boxes = tuple(
        Box(
            name=_name(stage.task),
            title=f"{stage.task}: {formatting.job_count(stage.total)}",
            note=f"× {formatting.number(stage.total)}",
            state=stage.state,
            address=request.address("jobs", batch=workflow_id, task=stage.task),
            column=stage.layer,
        )
        for stage in stages
    )
    by_job = {node.id: places[nodes.layers[node.id], node.task] for node in nodes.kept}
    return Graph(boxes, _lines(nodes, by_job))


def _lines(nodes: WorkflowNodes, places: Mapping[str, int]) -> tuple[Line, ...]:
    """Return one line for all edges that lead from a box to another one.

    Args:
        places: the place of the box of each job.
    """
    states = {node.id: node.state for node in nodes.kept}
    found: dict[tuple[int, int, bool], bool] = {}
    for node in nodes.kept:
        for edge in node.needs:
            if edge.source in places:
                is_end = edge.kind is EdgeKind.END
                key = places[edge.source], places[node.id], is_end
                has_failed = not is_end and states[edge.source] in FAILED
                found[key] = found.get(key, False) or has_failed
    return tuple(Line(*key, has_failed) for key, has_failed in found.items())


def _name(task: str) -> str:
    return task.rpartition(".")[2] or task
