"""The first page: how much there is of everything, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.dashboard.page import page
from django_jobs.dashboard.visit import Visit
from django_jobs.job import State

from .activity import activity

SHOWN = (
    (State.RUNNING, _("Running")),
    (State.QUEUED, _("Queued")),
    (State.SCHEDULED, _("Scheduled")),
    (State.RETRYING, _("Retrying")),
    (State.DEAD, _("Dead")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure.

    Attributes:
        name: the state that it counts, or another word, for its look.
    """

    name: str
    label: Any
    value: int


@page("django_jobs_dashboard/overview.html", entry="overview")
def overview(visit: Visit) -> Mapping[str, Any]:
    """Show the figures."""
    counts, totals = visit.inspection.counts(), visit.inspection.totals()
    latencies = [queue.latency for queue in visit.inspection.queues() if queue.size]
    return {
        "tiles": [
            Tile(name="processed", label=_("Processed"), value=totals.succeeded + totals.failed),
            Tile(name="failed", label=_("Failed"), value=totals.failed),
            *(Tile(name=state, label=label, value=counts[state]) for state, label in SHOWN),
        ],
        "latency": max(latencies, default=0),
        **activity(visit),
    }
