"""The filters of the lists of batches and of workflows, and the search for those that match."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from django_jobs.brokers.batches import Batches
from django_jobs.jobs.batches import BatchRecord, BatchState

from . import parameters

SIZE = 50
"""Batches per page."""

REACH = 1_000
"""How many batches one request looks at, which takes a part of a second."""

MOST = 10**9
"""The highest position in the list that a URL can name."""


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
        end: how many come before the next page, or None at the end of the list.
        total: how many there are, whether they match or not.
    """

    records: tuple[BatchRecord, ...]
    first: int
    end: int | None
    total: int

    @property
    def is_cut(self) -> bool:
        """Whether the search paused before the page was full."""
        return self.end is not None and len(self.records) < SIZE


def search(batches: Batches, filters: BatchFilters, first: int, *, workflows: bool) -> BatchPage:
    """Return a page of the batches, or of the workflows, that match.

    New ones come in the meantime, so one may be seen twice on two pages.

    Args:
        first: how many of the list to skip.
    """
    found: list[BatchRecord] = []
    total, at = batches.count(workflows=workflows), first
    while at < min(total, first + REACH) and len(found) < SIZE:
        # No more than are missing: where the page ends is where the next one begins.
        step = SIZE - len(found)
        found += filter(filters.wants, batches.list(workflows=workflows, offset=at, limit=step))
        at += step
    end = at if at < total else None
    return BatchPage(records=tuple(found), first=first, end=end, total=total)
