"""The records of batches: jobs that have an end together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .awaited import BatchEvent
from .records import Job


class BatchState(StrEnum):
    """The state of a batch.

    The block that opened it still adds members to an OPEN one. A RUNNING one has members that have
    not ended. An ended one SUCCEEDED or FAILED; it is RUNNING again when a member is retried.
    """

    OPEN = "open"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch that is opened.

    Attributes:
        id: unique, under 64 characters.
        metadata: JSON text of a dict, or "".
        callbacks: the job to start after each event; it waits until then.
        is_workflow: whether it is a workflow, whose members are nodes with edges between them, and
            which starts when it is closed.
    """

    id: str
    name: str = ""
    metadata: str = ""
    callbacks: Mapping[BatchEvent, Job] = field(default_factory=dict)
    is_workflow: bool = False


class BatchCounts(NamedTuple):
    """How many members a batch has, by what became of them.

    Attributes:
        total: all that were ever added.
        open: those that have not ended.
        discarded: also those that were deleted before their end.
    """

    total: int = 0
    open: int = 0
    succeeded: int = 0
    dead: int = 0
    discarded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """A batch as read at one moment.

    Attributes:
        opened_at: Unix milliseconds.
        ended_at: Unix milliseconds, or None while members have not ended.
        is_open: whether the block that opened it still adds members.
        is_cancelled: whether members that have not started are discarded.
        is_abandoned: whether that block vanished without an end.
        missed: how many of the discarded members were not discarded by their own wish.
        callbacks: ids of the jobs that it starts, by event.
        happened: the events that have happened.
        is_workflow: whether it is a workflow.
    """

    id: str
    name: str
    metadata: str
    opened_at: int
    ended_at: int | None
    counts: BatchCounts
    missed: int
    is_open: bool
    is_cancelled: bool
    is_abandoned: bool
    callbacks: Mapping[BatchEvent, str] = field(default_factory=dict)
    happened: frozenset[BatchEvent] = frozenset()
    is_workflow: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every member succeeded, or was discarded by its own wish."""
        flawed = self.counts.dead or self.missed or self.is_cancelled or self.is_abandoned
        return self.ended_at is not None and not flawed

    @property
    def state(self) -> BatchState:
        if self.is_open:
            return BatchState.OPEN
        if self.counts.open:
            return BatchState.RUNNING
        return BatchState.SUCCEEDED if self.is_complete else BatchState.FAILED
