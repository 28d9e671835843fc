"""The list of batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.job_groups import BATCHES
from django_jobs.dashboard.request import DashboardRequest


@page("django_jobs_dashboard/batches.html", entry="batches")
def batch_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a page of the batches that match the filters."""
    return BATCHES.show_list(request)
