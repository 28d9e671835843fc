"""The nodes and edges of a workflow, in portions as `add_nodes.lua` takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from django_jobs.brokers.constants import NEW_EDGES_PER_CALL, NODES_PER_CALL
from django_jobs.jobs.records import Job
from django_jobs.jobs.workflows import NewNode

from . import codec
from .portions import to_portions


def node_calls(workflow: str, nodes: Sequence[NewNode]) -> Iterator[list[str | int]]:
    """Yield the arguments of each call: all nodes first, then all edges.

    A call that has room for both takes both, so that a small workflow takes one.
    """
    portions = list(to_portions([node.job for node in nodes], NODES_PER_CALL))
    edges = [*_edges(workflow, nodes)]
    for jobs in portions[:-1]:
        yield _nodes(jobs)
    yield [*_nodes(portions[-1]), *chain.from_iterable(edges[:NEW_EDGES_PER_CALL])]
    for first in range(NEW_EDGES_PER_CALL, len(edges), NEW_EDGES_PER_CALL):
        yield [0, *chain.from_iterable(edges[first : first + NEW_EDGES_PER_CALL])]


def _nodes(jobs: Sequence[Job]) -> list[str | int]:
    values: list[str | int] = [len(jobs)]
    for job in jobs:
        fields = codec.record_fields(job)
        values += (job.id, job.enqueued_at, len(fields), *fields)
    return values


def _edges(workflow: str, nodes: Sequence[NewNode]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, source and target of each edge; the first nodes wait for the seal."""
    for node in nodes:
        if not node.edges:
            yield "seal", workflow, node.job.id
        for edge in node.edges:
            yield edge.kind.value, edge.source, node.job.id
