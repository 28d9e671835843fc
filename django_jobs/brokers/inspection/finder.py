"""Finds, counts or changes the jobs that a filter means, a portion at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from typing import Any

from django_jobs.brokers.inspection.base import Applied, Inspection, JobAction
from django_jobs.brokers.inspection.filters import (
    Candidate,
    Cursor,
    Filter,
    Readable,
    ScanReply,
    all_arguments,
)
from django_jobs.jobs.records import JobRecord

REACH = 4_000
"""How many jobs one call looks at, which takes a part of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchProgress:
    """How far a call came.

    Attributes:
        scanned: how many jobs it looked at.
        total: how many are listed in all, as far as indexes tell.
        left: how many are listed behind.
        end: the place to go on from, or None at the end of the list.
        at: Unix milliseconds by the broker's clock, when it began.
    """

    scanned: int
    total: int
    left: int
    end: Cursor | None
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(SearchProgress):
    """A page of jobs, shorter than it might be where the call had looked far enough.

    Attributes:
        found: what the search knew of them, a moment before they were read.
    """

    records: tuple[JobRecord, ...]
    found: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(SearchProgress):
    """How many jobs are meant, or were changed.

    Attributes:
        locked: how many were not retried although their state permits it.
    """

    number: int
    locked: int = 0


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds the jobs that match a filter. Continue from the `end` of a reply to see all of them.

    A job that changes state during a search may be missed or seen twice. A filter with `as_of`
    prevents seeing it twice: it matches no job to which something has happened since.

    Attributes:
        readable: returns what may be searched of a call, so that nobody can guess its secrets.
    """

    inspection: Inspection
    wanted: Filter
    readable: Readable = all_arguments

    def page(self, after: Cursor | None = None, limit: int = 50, reach: int = REACH) -> Page:
        """Return the next jobs that are meant."""
        most = limit if self.wanted.is_indexed else reach
        found: list[Candidate] = []
        scanned, progress = 0, None
        for portion in self._portions(after, reach, most):
            found += islice(self._wanted(portion), limit - len(found))
            last = found[-1] if len(found) == limit else None
            progress = _progress(portion, scanned, last)
            scanned = progress.scanned
            if last:
                break
        assert progress is not None
        records = self.inspection.read([job.id for job in found])
        return Page(records=records, found=tuple(found), **_values(progress))

    def count(self, after: Cursor | None = None, reach: int = REACH) -> Count:
        """Count the jobs that are meant, at once where an index knows."""
        if self.wanted.is_indexed and after is None:
            known = self.inspection.scan(self.wanted, None, 1)
            total = known.total
            return Count(number=total, scanned=total, total=total, left=0, end=None, at=known.at)
        return self._each(after, reach, lambda found: Applied(len(found)))

    def apply(self, action: JobAction, after: Cursor | None = None, reach: int = REACH) -> Count:
        """Apply an action to the jobs that are meant, each only while it is as it was found."""
        return self._each(after, reach, partial(self.inspection.apply, action))

    def _each(
        self, after: Cursor | None, reach: int, do: Callable[[Sequence[Candidate]], Applied]
    ) -> Count:
        """Do something with all that is meant, and add up what it returns."""
        number = locked = scanned = 0
        for portion in self._portions(after, reach, reach):
            done = do(list(self._wanted(portion)))
            number, locked = number + done.changed, locked + done.locked
            progress = _progress(portion, scanned)
            scanned = progress.scanned
        return Count(number=number, locked=locked, **_values(progress))

    def _portions(self, after: Cursor | None, reach: int, most: int) -> Iterator[ScanReply]:
        """Yield portions up to the end of the list, or until so many jobs were looked at."""
        while True:
            portion = self.inspection.scan(self.wanted, after, min(most, reach))
            yield portion
            reach -= portion.scanned
            after = portion.end
            if not portion.left or after is None or reach <= 0:
                return

    def _wanted(self, portion: ScanReply) -> Iterator[Candidate]:
        return (job for job in portion.candidates if self.wanted.wants(job, self.readable))


def _progress(portion: ScanReply, before: int, last: Candidate | None = None) -> SearchProgress:
    """Return how far a portion came, or one job of it that is the last to be seen.

    Args:
        before: how many jobs were looked at before it.
    """
    seen = portion.candidates.index(last) + 1 if last else portion.scanned
    left = portion.left + portion.scanned - seen
    end = last.cursor if last else portion.end
    return SearchProgress(
        scanned=before + seen,
        total=portion.total,
        left=left,
        end=end if left else None,
        at=portion.at,
    )


def _values(progress: SearchProgress) -> dict[str, Any]:
    return {field.name: getattr(progress, field.name) for field in fields(progress)}
