"""The job list, with tabs for states and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from django_jobs.backends.queues import configured_and_known
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import LISTED, Cursor
from django_jobs.brokers.inspection.finder import Finder, Page
from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.filters import JobFilters
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.rows import to_row
from django_jobs.dashboard.states import LABELS

SIZE = 50
"""Jobs per page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab for a state, or for all states.

    Attributes:
        state: the name of the state, or "" for all.
        count: the jobs in this state, regardless of other filters.
        address: the URL of the same list in this state.
    """

    state: str
    label: Any
    count: int
    is_current: bool
    address: str


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action for all matching jobs, with the URL of the page that asks for confirmation."""

    action: JobAction
    address: str


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


@page("django_jobs_dashboard/jobs.html", entry="jobs")
def job_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a page of the jobs that match the filters."""
    filters = JobFilters.from_query(request.http.GET)
    after = _cursor(request)
    redactor = request.redactor
    finder = Finder(request.inspection, filters.filter(), redactor.arguments)
    found = finder.page(after, SIZE)
    return {
        "filters": filters,
        "tabs": _tabs(request, filters),
        "queues": [queue.name for queue in configured_and_known(request.backend)],
        "rows": [to_row(redactor.record(record)) for record in found.records],
        "position": _position(finder, found),
        "is_first": after is None,
        "here": request.address("jobs", **filters.query),
        "next": request.address("jobs", **filters.query, after=found.end.to_text())
        if found.end
        else "",
        "clear": request.address("jobs", state=filters.state),
        "form": request.address("apply_action", **filters.query),
        "bulk_actions": _bulk_actions(request, filters),
    }


def _cursor(request: DashboardRequest) -> Cursor | None:
    try:
        return Cursor.from_text(request.http.GET.get("after", ""))
    except ValueError:
        return None


def _tabs(request: DashboardRequest, filters: JobFilters) -> list[Tab]:
    counts = request.inspection.counts()
    states: list[tuple[str, Any, int]] = [("", _("All"), sum(counts.values()))]
    states += [(state.value, LABELS[state], counts[state]) for state in LISTED]
    return [
        Tab(
            state=state,
            label=label,
            count=count,
            is_current=state == filters.state,
            address=request.address("jobs", **filters.with_state(state)),
        )
        for state, label, count in states
    ]


def _bulk_actions(request: DashboardRequest, filters: JobFilters) -> list[BulkAction]:
    """Return the actions for all matching jobs."""
    return [
        BulkAction(action=one, address=request.address("bulk", do=one, **filters.query))
        for one in JobAction
        if filters.filter(one).states
    ]


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
