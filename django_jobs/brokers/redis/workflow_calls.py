"""The nodes and edges of a workflow, in portions as scripts take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from django_jobs.brokers.constants import NEW_EDGES_PER_CALL, NODES_PER_CALL
from django_jobs.jobs.records import Job
from django_jobs.jobs.workflows import NewNode

from . import codec
from .portions import to_portions


def node_calls(workflow: str, nodes: Sequence[NewNode]) -> Iterator[list[str | int]]:
    """Yield the arguments of each call that stores a workflow (see `add_nodes.lua`).

    The first nodes wait for the seal.
    """
    seals = (("seal", workflow, node.job.id) for node in nodes if not node.edges)
    return _calls([node.job for node in nodes], [*seals, *_edges(nodes)], ())


def grow_calls(nodes: Sequence[NewNode], adder: str) -> Iterator[list[str | int]]:
    """Yield the arguments of each call that adds nodes (see `grow_workflow.lua`).

    Each waits for the end of the attempt that adds it, and belongs to no workflow before.
    """
    jobs = [node.job._replace(batch="") for node in nodes]
    fields = (codec.ADDER, adder, codec.OPEN_EDGES, 1)
    calls = list(_calls(jobs, list(_edges(nodes)), fields))
    for index, values in enumerate(calls):
        yield [int(index == 0), int(index == len(calls) - 1), *values]


def _calls(
    jobs: Sequence[Job],
    edges: Sequence[tuple[str, str, str]],
    more_fields: Sequence[str | int],
) -> Iterator[list[str | int]]:
    """Yield all nodes first, then all edges.

    A call that has room for both takes both, so that a small workflow takes one.

    Args:
        more_fields: of each node.
    """
    portions = list(to_portions(jobs, NODES_PER_CALL))
    for portion in portions[:-1]:
        yield _nodes(portion, more_fields)
    first_edges = chain.from_iterable(edges[:NEW_EDGES_PER_CALL])
    yield [*_nodes(portions[-1], more_fields), *first_edges]
    for first in range(NEW_EDGES_PER_CALL, len(edges), NEW_EDGES_PER_CALL):
        yield [0, *chain.from_iterable(edges[first : first + NEW_EDGES_PER_CALL])]


def _nodes(jobs: Sequence[Job], more_fields: Sequence[str | int]) -> list[str | int]:
    values: list[str | int] = [len(jobs)]
    for job in jobs:
        fields = [*codec.record_fields(job), *more_fields]
        values += (job.id, job.enqueued_at, len(fields), *fields)
    return values


def _edges(nodes: Sequence[NewNode]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, source and target of each edge."""
    for node in nodes:
        for edge in node.edges:
            yield edge.kind.value, edge.source, node.job.id
