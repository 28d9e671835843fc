"""The records of workflows: jobs that start when others have ended."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .records import Job, State


class EdgeKind(StrEnum):
    """What a node needs of another one: that it succeeded, or that it ended in whichever way."""

    SUCCESS = "success"
    END = "end"


class Edge(NamedTuple):
    """What a node waits for.

    Attributes:
        source: id of the node that must have ended.
    """

    kind: EdgeKind
    source: str


class NewNode(NamedTuple):
    """A node of a workflow that is stored.

    Attributes:
        job: its `batch` is the id of the workflow, and it is not unique.
        edges: those that lead to it, each once; a node without any starts with the workflow.
    """

    job: Job
    edges: tuple[Edge, ...] = ()


class NodeRecord(NamedTuple):
    """A node of a workflow as read at one moment, without its call.

    Attributes:
        task: dotted path of the task, or "" if the job is no longer kept.
        state: None if the job is no longer kept.
        needs: the edges that lead to it, at most `EDGES_READ`.
    """

    id: str
    task: str
    state: State | None
    needs: tuple[Edge, ...] = ()


class Neighbours(NamedTuple):
    """The jobs to which edges join a node.

    Attributes:
        needs: some of the edges that lead to it.
        needed: how many there are.
        waiting: some of the nodes that wait for it, and for what; none once that has happened.
        waited: how many there are.
    """

    needs: tuple[Edge, ...]
    needed: int
    waiting: tuple[Edge, ...]
    waited: int
