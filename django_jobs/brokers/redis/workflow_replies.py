"""The replies of the scripts that read nodes of workflows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django_jobs.jobs.records import State
from django_jobs.jobs.workflows import Edge, EdgeKind, Neighbours, NodeRecord

STATES = frozenset(State)
KINDS = frozenset(EdgeKind)


def node_records(reply: Sequence[Any]) -> tuple[NodeRecord, ...]:
    """Return the nodes that `nodes.lua` has read."""
    return tuple(
        NodeRecord(node_id, task, State(state) if state in STATES else None, tuple(_edges(needs)))
        for node_id, task, state, needs in reply
    )


def to_neighbours(reply: Sequence[Any], limit: int) -> Neighbours:
    """Return what `neighbours.lua` has read.

    Args:
        limit: how many jobs of each kind it was to read.
    """
    (needed, needs), *found = reply
    edges = tuple(_edges(needs))
    waiting = [
        Edge(kind, one) for kind, (_, ids) in zip(EdgeKind, found, strict=True) for one in ids
    ]
    return Neighbours(
        needs=edges,
        # A node without edges waits for the seal, which is no job.
        needed=needed - (len(needs) - len(edges)),
        waiting=tuple(waiting[:limit]),
        waited=sum(number for number, _ in found),
    )


def _edges(texts: Sequence[str]) -> Iterator[Edge]:
    """Yield the edges from other nodes; the one from the seal of the workflow is none."""
    for text in texts:
        kind, _, source = text.partition(":")
        if kind in KINDS:
            yield Edge(EdgeKind(kind), source)
