"""The list of batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_jobs.dashboard import parameters
from django_jobs.dashboard.batch_rows import to_row
from django_jobs.dashboard.batch_search import MOST, BatchFilters, search
from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.states import BATCH_LABELS


@page("django_jobs_dashboard/batches.html", entry="batches")
def batch_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a page of the batches that match the filters."""
    filters = BatchFilters.from_query(request.http.GET)
    first = parameters.whole(request.http.GET, "after", default=0, least=0, most=MOST)
    batches = request.backend.broker.batches
    found = search(batches, filters, first)
    redactor = request.redactor
    return {
        "filters": filters,
        "states": list(BATCH_LABELS.items()),
        "found": found,
        "rows": [to_row(redactor.batch(batch)) for batch in found.records],
        "last": found.first + len(found.records),
        "searched": found.total if found.end is None else found.end,
        "unfinished": batches.count_unfinished(),
        "here": request.address("batches", **filters.query),
        "next": request.address("batches", **filters.query, after=found.end) if found.end else "",
    }
