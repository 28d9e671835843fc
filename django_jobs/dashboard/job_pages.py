"""Reads a page of the list of jobs, for the dashboard and for Django's admin site."""

from __future__ import annotations

from dataclasses import dataclass

from django_jobs.brokers.inspection.filters import Cursor
from django_jobs.brokers.inspection.finder import Finder, Page

from .filters import JobFilters
from .request import DashboardRequest
from .rows import Row, to_row

SIZE = 50
"""Jobs per page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The position of a page in the list.

    Attributes:
        first: the number of its first job, or 0 if unknown.
        last: the number of its last job.
        total: the number of matching jobs, or None if they are not counted.
        listed: the number of jobs to search through.
        is_cut: whether the search paused before the page was full.
    """

    first: int
    last: int
    total: int | None
    listed: int
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """A page of the jobs that match.

    Attributes:
        is_first: whether it begins with the first job of the list.
        end: the parameter `after` of the next page, or "" if this is the last one.
    """

    rows: list[Row]
    position: Position
    is_first: bool
    end: str


def read_page(request: DashboardRequest, filters: JobFilters) -> JobPage:
    """Return the page that begins behind the parameter `after`, with secrets hidden."""
    after = _cursor(request)
    redactor = request.redactor
    finder = Finder(request.inspection, filters.filter(), redactor.arguments)
    found = finder.page(after, SIZE)
    return JobPage(
        rows=[to_row(redactor.record(record)) for record in found.records],
        position=_position(finder, found),
        is_first=after is None,
        end=found.end.to_text() if found.end else "",
    )


def _cursor(request: DashboardRequest) -> Cursor | None:
    try:
        return Cursor.from_text(request.http.GET.get("after", ""))
    except ValueError:
        return None


def _position(finder: Finder, found: Page) -> Position:
    is_indexed = finder.wanted.is_indexed
    last = found.total - found.left
    return Position(
        first=last - len(found.records) + 1 if is_indexed else 0,
        last=last,
        total=found.total if is_indexed else None,
        listed=found.total,
        is_cut=bool(found.left) and len(found.records) < SIZE,
    )
