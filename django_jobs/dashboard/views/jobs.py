"""The list of jobs: what is there of each state, and which of them are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.backends.known_queues import all_queues
from django_jobs.brokers.finder import Finder, Page
from django_jobs.brokers.inspection import Repair
from django_jobs.brokers.search import LISTED, Cursor
from django_jobs.dashboard.page import page
from django_jobs.dashboard.rows import to_row
from django_jobs.dashboard.visit import Visit
from django_jobs.dashboard.wanted import Wanted
from django_jobs.job import State

SIZE = 50
"""Jobs on one page."""

LABELS = {
    State.RUNNING: _("Running"),
    State.QUEUED: _("Queued"),
    State.RETRYING: _("Retrying"),
    State.SCHEDULED: _("Scheduled"),
    State.DEAD: _("Dead"),
    State.DISCARDED: _("Discarded"),
    State.SUCCEEDED: _("Succeeded"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A state, or all of them.

    Attributes:
        state: its name, or "" for all.
        count: jobs in it, whatever else is asked for.
        address: of the same list in this state.
    """

    state: str
    label: Any
    count: int
    is_current: bool
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A repair of all jobs that match, behind a page that asks whether they are meant."""

    repair: Repair
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a page stands in its list.

    Attributes:
        first: number of its first job, or 0 where that is not known.
        last: number of its last job.
        total: how many are meant, or None where nobody has counted.
        looked_at: at how many jobs was looked, of those that are `listed`.
        is_cut: whether the look ended before the page was full.
    """

    first: int
    last: int
    total: int | None
    looked_at: int
    listed: int
    is_cut: bool


@page("django_jobs_dashboard/jobs.html", entry="jobs")
def jobs(visit: Visit) -> Mapping[str, Any]:
    """Show a page of the jobs that are meant."""
    wanted = Wanted.from_query(visit.request.GET)
    after = _place(visit)
    redactor = visit.redactor
    finder = Finder(visit.inspection, wanted.filter(), redactor.arguments)
    found = finder.page(after, SIZE)
    return {
        "wanted": wanted,
        "tabs": _tabs(visit, wanted),
        "queues": [queue.name for queue in all_queues(visit.backend)],
        "rows": [to_row(redactor.record(record)) for record in found.records],
        "stand": _stand(finder, found),
        "is_first": after is None,
        "here": visit.address("jobs", **wanted.query),
        "next": visit.address("jobs", **wanted.query, after=found.end.to_text())
        if found.end
        else "",
        "clear": visit.address("jobs", state=wanted.state),
        "form": visit.address("repair", **wanted.query),
        "bulks": _bulks(visit, wanted),
    }


def _place(visit: Visit) -> Cursor | None:
    try:
        return Cursor.from_text(visit.request.GET.get("after", ""))
    except ValueError:
        return None


def _tabs(visit: Visit, wanted: Wanted) -> list[Tab]:
    counts = visit.inspection.counts()
    states = [("", _("All"), sum(counts.values()))]
    states += [(state.value, LABELS[state], counts[state]) for state in LISTED]
    return [
        Tab(
            state=state,
            label=label,
            count=count,
            is_current=state == wanted.state,
            address=visit.address("jobs", **wanted.with_state(state)),
        )
        for state, label, count in states
    ]


def _bulks(visit: Visit, wanted: Wanted) -> list[Offer]:
    """Return what may be done to all jobs that match."""
    return [
        Offer(repair=one, address=visit.address("bulk", do=one, **wanted.query))
        for one in Repair
        if wanted.filter(one).states
    ]


def _stand(finder: Finder, found: Page) -> Stand:
    is_indexed = finder.wanted.is_indexed
    last = found.total - found.left
    return Stand(
        first=last - len(found.records) + 1 if is_indexed else 0,
        last=last,
        total=found.total if is_indexed else None,
        looked_at=found.looked_at,
        listed=found.total,
        is_cut=bool(found.left) and len(found.records) < SIZE,
    )
