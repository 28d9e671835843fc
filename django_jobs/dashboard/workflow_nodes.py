"""The nodes of a workflow in layers: what its graph shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from django_jobs.brokers.batches import Batches
from django_jobs.jobs.batches import BatchRecord
from django_jobs.jobs.records import State
from django_jobs.jobs.workflows import NodeRecord

NODES_READ, EDGES_READ = 2_000, 20_000
"""How many of the first nodes and edges a page reads, which takes a part of a second."""

PORTION = 200
"""Nodes that one call reads."""

GRAVEST = (
    *(State.DEAD, State.DISCARDED, State.RETRYING, State.RUNNING),
    *(State.QUEUED, State.SCHEDULED, State.WAITING, State.SUCCEEDED),
)
"""Which state stands for jobs in several states: the first of them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The nodes of one task in one layer.

    Attributes:
        layer: from 0.
        task: dotted path.
        counts: how many nodes are in each state.
    """

    layer: int
    task: str
    counts: Counter[State] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def unfinished(self) -> int:
        return sum(number for state, number in self.counts.items() if not state.is_final)

    @property
    def succeeded(self) -> int:
        return self.counts[State.SUCCEEDED]

    @property
    def dead(self) -> int:
        return self.counts[State.DEAD]

    @property
    def discarded(self) -> int:
        return self.counts[State.DISCARDED]

    @property
    def state(self) -> State:
        """The gravest state of its nodes."""
        return next(state for state in GRAVEST if self.counts[state])


@dataclass(frozen=True, eq=False)
class WorkflowNodes:
    """The first nodes of a workflow, in an order in which edges lead forwards.

    Attributes:
        records: including nodes that are no longer kept.
        is_whole: whether these are all nodes.
    """

    records: tuple[NodeRecord, ...]
    is_whole: bool

    @cached_property
    def kept(self) -> tuple[NodeRecord, ...]:
        """The nodes that are still kept."""
        return tuple(node for node in self.records if node.state is not None)

    @property
    def gone(self) -> int:
        """How many nodes are no longer kept."""
        return len(self.records) - len(self.kept)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The place of each node in the workflow, from 1, by its id."""
        return {node.id: number for number, node in enumerate(self.records, 1)}

    @cached_property
    def tasks(self) -> dict[str, str]:
        """The task of each node that is still kept, by its id."""
        return {node.id: node.task for node in self.kept}

    @cached_property
    def layers(self) -> dict[str, int]:
        """The layer of each node, by its id: one behind the last one that it needs."""
        layers: dict[str, int] = {}
        for node in self.records:
            behind = (layers[edge.source] + 1 for edge in node.needs if edge.source in layers)
            layers[node.id] = max(behind, default=0)
        return layers

    def stages(self) -> tuple[Stage, ...]:
        """Return the nodes that are still kept, summed by layer and task."""
        stages: dict[tuple[int, str], Stage] = {}
        for node in self.kept:
            key = self.layers[node.id], node.task
            stage = stages.setdefault(key, Stage(*key))
            if node.state is not None:
                stage.counts[node.state] += 1
        return tuple(sorted(stages.values(), key=lambda stage: stage.layer))


def read_nodes(batches: Batches, workflow: BatchRecord) -> WorkflowNodes:
    """Read the first nodes of a workflow, no more than a page can show."""
    total = workflow.counts.total
    found: list[NodeRecord] = []
    for portion in _portions(batches, workflow.id, min(total, NODES_READ)):
        found += portion
        if sum(len(node.needs) for node in found) >= EDGES_READ:
            break
    return WorkflowNodes(tuple(found), is_whole=len(found) >= total)


def _portions(batches: Batches, workflow_id: str, number: int) -> Iterator[tuple[NodeRecord, ...]]:
    read = 0
    while read < number:
        limit = min(PORTION, number - read)
        portion = batches.nodes(workflow_id, offset=read, limit=limit)
        if not portion:
            return
        yield portion
        read += len(portion)
