"""What the list of jobs in Django's admin site shows: its filters, and a page of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from django_jobs.backends.queues import configured_and_known
from django_jobs.brokers.inspection.filters import LISTED
from django_jobs.metrics.history import Span

from .filters import FILTER_LABELS, JobFilters
from .job_pages import JobPage, read_page
from .request import DashboardRequest
from .states import LABELS

MOST_TASKS = 30
"""Tasks to filter by; the dashboard finds the jobs of any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value to filter by, with the names that the admin's own template reads."""

    display: Any
    selected: bool
    query_string: str


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """The values of one filter."""

    title: Any
    choices: list[Choice]


def job_list(request: DashboardRequest) -> dict[str, Any]:
    """Return the context of the page."""
    filters = JobFilters.from_query(request.http.GET)
    found = read_page(request, filters)
    return {
        "dashboard": request,
        "page": found,
        "filters": filters,
        "hidden": [pair for pair in _query(request, filters.query) if pair[0] != "text"],
        "lists": [*_lists(request, filters, found)],
        "everything": _address(request, {}),
        "first": _address(request, filters.query),
        "next": _address(request, {**filters.query, "after": found.end}) if found.end else "",
        "in_dashboard": request.address("jobs", **filters.query),
    }


def _lists(request: DashboardRequest, filters: JobFilters, found: JobPage) -> Iterable[ChoiceList]:
    queues = [queue.name for queue in configured_and_known(request.backend)]
    tasks = _tasks(request, filters, found)
    values: dict[str, list[tuple[str, Any]]] = {
        "state": [(state.value, LABELS[state]) for state in LISTED],
        "queue": [(name, name) for name in queues],
        "task": [(name, name) for name in tasks],
    }
    for name, pairs in values.items():
        chosen = getattr(filters, name)
        choices = [
            Choice(
                display=label,
                selected=value == chosen,
                query_string=_address(request, {**filters.query, name: value}),
            )
            for value, label in [("", _("All")), *pairs]
        ]
        yield ChoiceList(FILTER_LABELS[name], choices)
    if len(request.aliases) > 1:
        yield ChoiceList(_("Backend"), [_backend(request, alias) for alias in request.aliases])


def _tasks(request: DashboardRequest, filters: JobFilters, found: JobPage) -> list[str]:
    """Return the tasks of this page, and those that ran most in the last day."""
    ran = sorted(request.inspection.metrics.tasks(Span.DAY), key=lambda one: -one.count)
    names = [filters.task, *(row.task for row in found.rows), *(one.task for one in ran)]
    return sorted([*dict.fromkeys(name for name in names if name)][:MOST_TASKS])


def _backend(request: DashboardRequest, alias: str) -> Choice:
    return Choice(
        display=alias,
        selected=alias == request.backend.alias,
        query_string=f"?{urlencode({'backend': alias})}",
    )


def _address(request: DashboardRequest, query: Mapping[str, str]) -> str:
    return f"?{urlencode(_query(request, query))}"


def _query(request: DashboardRequest, query: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the parameters of an address for the same backend."""
    is_first = request.backend.alias == request.aliases[0]
    backend = {} if is_first else {"backend": request.backend.alias}
    return [(name, value) for name, value in {**query, **backend}.items() if value]
