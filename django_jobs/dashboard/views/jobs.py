"""The job list, with tabs for states and filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from django_jobs.backends.queues import configured_and_known
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import LISTED
from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.filters import JobFilters
from django_jobs.dashboard.job_pages import read_page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.states import LABELS


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


@page("django_jobs_dashboard/jobs.html", entry="jobs")
def job_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a page of the jobs that match the filters."""
    filters = JobFilters.from_query(request.http.GET)
    found = read_page(request, filters)
    return {
        "filters": filters,
        "tabs": _tabs(request, filters),
        "queues": [queue.name for queue in configured_and_known(request.backend)],
        "rows": found.rows,
        "position": found.position,
        "is_first": found.is_first,
        "here": request.address("jobs", **filters.query),
        "next": request.address("jobs", **filters.query, after=found.end) if found.end else "",
        "clear": request.address("jobs", state=filters.state),
        "form": request.address("apply_action", **filters.query),
        "bulk_actions": _bulk_actions(request, filters),
    }


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
