"""What a waiting job waits for."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from .limits import JobLimit


class BatchEvent(StrEnum):
    """What happens to a batch. Each happens at most once."""

    SUCCESS = "success"
    END = "end"
    DEATH = "death"


class AwaitedEvent(NamedTuple):
    """The event for which a callback waits.

    Attributes:
        batch: id of the batch.
    """

    event: BatchEvent
    batch: str


class AwaitedNodes(NamedTuple):
    """The other nodes of its workflow for which a node waits.

    Attributes:
        workflow: its id.
        number: how many nodes have not ended as this one needs them.
    """

    workflow: str
    number: int


class AwaitedAttempt(NamedTuple):
    """The running node that adds a node, which joins the workflow when that has succeeded.

    Attributes:
        node: its id.
    """

    node: str


Awaited: TypeAlias = "AwaitedEvent | AwaitedNodes | AwaitedAttempt | JobLimit"
