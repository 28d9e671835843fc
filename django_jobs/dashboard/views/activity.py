"""The charts of the overview, and the most frequent failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from django_jobs.dashboard import chart_panels
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.time_ranges import chosen_time_range, time_range_links, time_range_text
from django_jobs.metrics.history import Span

MOST_FAILING = 8


def activity_context(request: DashboardRequest) -> Mapping[str, Any]:
    """Return the context of `parts/activity.html`."""
    chosen = chosen_time_range(request)
    read = request.inspection.metrics
    history = read.history(chosen)
    return {
        "time_ranges": time_range_links(request, "overview", chosen),
        "time_range": time_range_text(chosen),
        "throughput": chart_panels.attempts_panel("throughput", _("Throughput"), history),
        "failures": chart_panels.failures_panel("failures", _("Failures"), history),
        "failing": read.failing(Span.DAY)[:MOST_FAILING],
    }
