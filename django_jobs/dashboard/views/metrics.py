"""The pages with the attempts, latencies, durations and failures of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_jobs.dashboard import chart_panels, formatting, parameters
from django_jobs.dashboard.chart_panels import histogram_sparkline
from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.time_ranges import chosen_time_range, time_range_links, time_range_text
from django_jobs.metrics.histogram import Histogram
from django_jobs.metrics.history import Span, TaskMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Percentiles of a latency or duration, formatted."""

    p50: str
    p95: str
    p99: str

    @classmethod
    def of(cls, histogram: Histogram) -> Percentiles:
        p50, p95, p99 = (
            formatting.optional_duration(histogram.quantile(share))
            for share, _ in chart_panels.QUANTILES
        )
        return cls(p50=p50, p95=p95, p99=p99)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task in the list.

    Attributes:
        count: its attempts.
        failing: the share of its attempts that failed, formatted.
        worked: the sum of the durations of its attempts, in milliseconds.
        shape: a histogram of its durations.
    """

    task: str
    address: str
    count: int
    failed: int
    failing: str
    latency: Percentiles
    duration: Percentiles
    worked: int
    shape: SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column heading, which links to the list sorted by it.

    Attributes:
        order: how the list is sorted by this column: "ascending", "descending" or "none".
    """

    name: str
    label: Any
    address: str
    order: str


def _at(histogram: Histogram, share: float) -> float:
    return histogram.quantile(share) or 0.0


ORDERS: dict[str, tuple[Any, Callable[[TaskMetrics], Any]]] = {
    "task": (gettext_lazy("Task"), lambda one: one.task),
    "runs": (gettext_lazy("Attempts"), lambda one: -one.count),
    "failed": (gettext_lazy("Failed"), lambda one: -one.failed),
    "latency": (gettext_lazy("Latency, p95"), lambda one: -_at(one.latency, 0.95)),
    "duration": (gettext_lazy("Duration, p95"), lambda one: -_at(one.duration, 0.95)),
    "worked": (gettext_lazy("Total time"), lambda one: -one.duration.total),
}


@page("django_jobs_dashboard/metrics.html", entry="metrics")
def task_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show the tasks that ran in a time range."""
    chosen = chosen_time_range(request)
    order = parameters.choice(request.http.GET, "sort", tuple(ORDERS), "runs")
    known = request.inspection.metrics.tasks(chosen)
    ordered = sorted(known, key=lambda one: (ORDERS[order][1](one), one.task))
    return {
        "time_ranges": time_range_links(request, "metrics", chosen, sort=order),
        "time_range": time_range_text(chosen),
        "columns": [
            Column(
                name=name,
                label=label,
                address=request.address("metrics", span=chosen.value, sort=name),
                order=_direction(name) if name == order else "none",
            )
            for name, (label, _) in ORDERS.items()
        ],
        "rows": [_row(request, one, chosen) for one in ordered],
    }


def _direction(order: str) -> str:
    return "ascending" if order == "task" else "descending"


def _row(request: DashboardRequest, one: TaskMetrics, chosen: Span) -> TaskRow:
    return TaskRow(
        task=one.task,
        address=request.address("task", task=one.task, span=chosen.value),
        count=one.count,
        failed=one.failed,
        failing=formatting.percent(one.failed, one.count),
        latency=Percentiles.of(one.latency),
        duration=Percentiles.of(one.duration),
        worked=one.duration.total,
        shape=histogram_sparkline(one.duration),
    )


@page("django_jobs_dashboard/task.html", entry="metrics")
def task_detail(request: DashboardRequest) -> Mapping[str, Any]:
    """Show the metrics of a task."""
    name = request.http.GET.get("task", "")[:200]
    if not name:
        raise Http404(_("The URL does not name a task."))
    chosen = chosen_time_range(request)
    read = request.inspection.metrics
    found = read.task(name, chosen)
    latency = found.latency if found else Histogram()
    duration = found.duration if found else Histogram()
    return {
        "task": name,
        "time_ranges": time_range_links(request, "task", chosen, task=name),
        "time_range": time_range_text(chosen),
        "row": _row(request, found, chosen) if found else None,
        "attempts": chart_panels.attempts_panel(
            "attempts", _("Attempts"), read.task_history(name, chosen)
        ),
        "latency": chart_panels.histogram_panel("latency", _("Latency"), latency),
        "duration": chart_panels.histogram_panel("duration", _("Duration"), duration),
        "failing": [one for one in read.failing(chosen) if one.task == name],
    }
