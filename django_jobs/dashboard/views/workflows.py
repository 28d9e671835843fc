"""The list of workflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.job_groups import WORKFLOWS
from django_jobs.dashboard.request import DashboardRequest


@page("django_jobs_dashboard/workflows.html", entry="workflows")
def workflow_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a page of the workflows that match the filters."""
    return WORKFLOWS.show_list(request)
