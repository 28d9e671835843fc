"""The rows of the lists of batches and of workflows, and the counts of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.jobs.batches import BatchRecord
from django_jobs.jobs.records import State

from .states import LABELS


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCount:
    """How many members are in a state.

    Attributes:
        name: the state, or "open" for those that have not ended.
        state: the state for the job list, or "".
        look: "bad" for a number that needs attention, or "".
    """

    name: str
    label: Any
    count: int
    state: str = ""
    look: str = ""


def member_counts(batch: BatchRecord) -> Iterator[MemberCount]:
    """Yield the counts of a batch, open members first."""
    counts = batch.counts
    yield MemberCount(name="open", label=_("Not ended"), count=counts.open)
    for state, count in (
        (State.SUCCEEDED, counts.succeeded),
        (State.DEAD, counts.dead),
        (State.DISCARDED, counts.discarded),
    ):
        yield MemberCount(
            name=state,
            label=LABELS[state],
            count=count,
            state=state.value,
            look="bad" if state is State.DEAD and count else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How many members of a batch have ended.

    Attributes:
        ended: including those that are dead or discarded.
    """

    ended: int
    total: int

    @property
    def percent(self) -> int:
        """The share of ended members, 100 only if all have ended."""
        return 100 * self.ended // self.total if self.total else 0


def progress(batch: BatchRecord) -> BatchProgress:
    """Return the progress of a batch."""
    total = max(0, batch.counts.total)
    return BatchProgress(ended=min(total, max(0, total - batch.counts.open)), total=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """A batch in the list."""

    batch: BatchRecord
    progress: BatchProgress


def to_row(batch: BatchRecord) -> BatchRow:
    """Return the row of a batch."""
    return BatchRow(batch=batch, progress=progress(batch))
