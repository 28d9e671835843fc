"""The records of workflows: jobs that start when others have ended."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .records import Job


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
