"""The filters of the lists of batches and of workflows, and the search for those that match."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import QueryDict

from django_jobs.brokers.batches import Batches, BatchPlace
from django_jobs.jobs.batches import BatchRecord, BatchState

from . import parameters

SIZE = 50
"""Batches per page."""

PLACE = re.compile(r"([0-9]{1,15})-([0-9A-Za-z_-]{1,64})")
"""A place in an address."""

REACH = 1_000
"""How many batches one request looks at, which takes a part of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFilters:
    """The filters as text, as a form shows them; an empty one is not applied.

    Attributes:
        state: the name of a state.
        text: a part of the name or the whole ID; capitals do not matter.
    """

    state: str = ""
    text: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> BatchFilters:
        """Read the filters, and ignore invalid ones."""
        return cls(
            state=parameters.choice(query, "state", [*BatchState], ""),
            text=parameters.text(query, "text"),
        )

    @property
    def query(self) -> dict[str, str]:
        """The URL parameters of these filters."""
        values = {"state": str(self.state), "text": self.text}
        return {name: value for name, value in values.items() if value}

    def wants(self, batch: BatchRecord) -> bool:
        """Return whether a batch matches."""
        wanted = self.text.casefold()
        is_named = wanted in batch.name.casefold() or wanted == batch.id.casefold()
        return self.state in ("", batch.state) and (not wanted or is_named)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """A page of the batches that match, newest first.

    Attributes:
        first: how many batches come before it in the list of all.
        read: how many the search has looked at.
        end: the place behind which the next page begins, or None at the end of the list.
        total: how many there are, whether they match or not.
    """

    records: tuple[BatchRecord, ...]
    first: int
    read: int
    end: BatchPlace | None
    total: int

    @property
    def is_cut(self) -> bool:
        """Whether the search paused before the page was full."""
        return self.end is not None and len(self.records) < SIZE


def search(
    batches: Batches, filters: BatchFilters, after: BatchPlace | None, *, workflows: bool
) -> BatchPage:
    """Return a page of the batches, or of the workflows, that match.

    Args:
        after: the place behind which to begin.
    """
    found: list[BatchRecord] = []
    total = batches.count(workflows=workflows)
    first = batches.position(after, workflows=workflows) if after else 0
    end, read = after, 0
    while read < REACH and len(found) < SIZE:
        # No more than are missing: where the page ends is where the next one begins.
        portion = batches.list(workflows=workflows, after=end, limit=SIZE - len(found))
        if not portion:
            break
        found += filter(filters.wants, portion)
        end, read = BatchPlace.of(portion[-1]), read + len(portion)
    is_over = first + read >= total
    return BatchPage(
        records=tuple(found), first=first, read=read, end=None if is_over else end, total=total
    )


def to_text(place: BatchPlace) -> str:
    """Return a place for an address."""
    return f"{place.opened_at}-{place.id}"


def to_place(text: str) -> BatchPlace | None:
    """Read what `to_text` returned; None if it is something else."""
    found = PLACE.fullmatch(text)
    return BatchPlace(int(found[1]), found[2]) if found else None
