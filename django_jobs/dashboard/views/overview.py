"""The first page: how much there is of everything, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_jobs.brokers.health import unserved
from django_jobs.brokers.inspection.base import QueueInfo
from django_jobs.brokers.inspection.store_info import StoreInfo
from django_jobs.dashboard import formatting
from django_jobs.dashboard.page import page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.jobs.records import State

from .activity import activity

COUNTED = (
    (State.RUNNING, gettext_lazy("Running")),
    (State.QUEUED, gettext_lazy("Queued")),
    (State.SCHEDULED, gettext_lazy("Scheduled")),
    (State.RETRYING, gettext_lazy("Retrying")),
    (State.DEAD, gettext_lazy("Dead")),
)
PERSISTENCE = {
    "log": gettext_lazy("each write goes to a log"),
    "snapshots": gettext_lazy("snapshots now and then: the newest jobs are lost with the server"),
    "none": gettext_lazy("nothing is kept on disk"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure.

    Attributes:
        name: the state that it counts, or another word.
        address: of the page that shows more, or "".
        look: "bad" or "warning" where the figure is no good news.
    """

    name: str
    label: Any
    value: str
    address: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What jobs are kept in, in words.

    Attributes:
        fullness: percent of the memory that it may use, or None where there is no limit.
    """

    info: StoreInfo
    persistence: Any
    fullness: int | None


@page("django_jobs_dashboard/overview.html", entry="overview")
def overview(request: DashboardRequest) -> Mapping[str, Any]:
    """Show the figures, and what endangers jobs."""
    queues = request.inspection.queues()
    store = request.backend.broker.store()
    return {
        "tiles": list(_tiles(request, queues)),
        "warnings": [*_endangered(request, store), *_idle(request, queues)],
        "store": _store(store),
        **activity(request),
    }


def _tiles(request: DashboardRequest, queues: tuple[QueueInfo, ...]) -> Iterator[Tile]:
    counts, totals = request.inspection.counts(), request.inspection.totals()
    processed = formatting.number(totals.succeeded + totals.failed)
    metrics = request.address("metrics")
    yield Tile(name="processed", label=_("Processed"), value=processed, address=metrics)
    yield Tile(
        name="failed", label=_("Failed"), value=formatting.number(totals.failed), address=metrics
    )
    for state, label in COUNTED:
        yield Tile(
            name=state,
            label=label,
            value=formatting.number(counts[state]),
            address=request.address("jobs", state=state.value),
            look="bad" if state is State.DEAD and counts[state] else "",
        )
    wait = max((queue.latency for queue in queues if queue.size and not queue.paused), default=0)
    yield Tile(
        name="latency",
        label=_("Longest wait"),
        value=formatting.duration(wait) if wait else "–",
        address=request.address("queues"),
    )


def _endangered(request: DashboardRequest, store: StoreInfo) -> Iterator[str]:
    """Yield what may lose jobs, as `Broker.problems` does for machines and logs."""
    if not request.backend.persistent:
        return
    if store.evicts_jobs:
        text = _(
            "%(store)s throws away keys when it is full, jobs among them: set maxmemory-policy"
            " noeviction, or give the jobs a server of their own."
        )
        yield text % {"store": store.name}
    if store.forgets_jobs:
        text = _(
            "%(store)s keeps nothing on disk, so that its restart loses every job: set appendonly"
            " yes."
        )
        yield text % {"store": store.name}
    if store.spoilt:
        yield _(
            "Somebody else wrote to the keys of the jobs. What stood there was set aside, and"
            " manage.py jobs check says where."
        )


def _idle(request: DashboardRequest, queues: tuple[QueueInfo, ...]) -> Iterator[str]:
    """Yield what keeps jobs from being run."""
    if not request.backend.persistent:
        return
    workers = [worker for worker in request.inspection.workers() if not worker.quiet]
    if not workers:
        yield _("No worker takes jobs: start one with manage.py runworker.")
        return
    for queue in unserved(queues, workers):
        text = ngettext(
            "%(jobs)s waits in the queue %(queue)s, which no worker serves.",
            "%(jobs)s wait in the queue %(queue)s, which no worker serves.",
            queue.size,
        )
        yield text % {"jobs": formatting.job_count(queue.size), "queue": queue.name}


def _store(info: StoreInfo) -> Store:
    fullness = None
    if info.memory is not None and info.memory_limit:
        fullness = min(100, round(100 * info.memory / info.memory_limit))
    return Store(info=info, persistence=PERSISTENCE.get(info.persistence, "–"), fullness=fullness)
