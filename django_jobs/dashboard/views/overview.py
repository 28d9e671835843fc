"""The overview: counts of jobs, warnings, activity and the broker's store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_jobs.brokers.health import unserved
from django_jobs.brokers.inspection.base import QueueInfo
from django_jobs.brokers.inspection.store_info import StoreInfo
from django_jobs.brokers.messages import WorkerInfo
from django_jobs.dashboard import formatting
from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.states import LABELS
from django_jobs.jobs.records import State

from .activity import activity_context

COUNTED = (
    *(State.RUNNING, State.QUEUED, State.SCHEDULED),
    *(State.WAITING, State.RETRYING, State.DEAD),
)
PERSISTENCE = {
    "log": gettext_lazy("append-only file (AOF)"),
    "snapshots": gettext_lazy("snapshots (RDB) only: a crash loses the newest jobs"),
    "none": gettext_lazy("none: a restart loses all jobs"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number with its label.

    Attributes:
        name: the state that it counts, or another name.
        address: the URL of the page with details, or "".
        look: "bad" for a number that needs attention, or "".
    """

    name: str
    label: Any
    value: str
    address: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The server that stores the jobs.

    Attributes:
        fullness: the share of the memory limit in use, in percent; None without a limit.
    """

    info: StoreInfo
    persistence: Any
    fullness: int | None


@page("django_jobs_dashboard/overview.html", entry="overview")
def overview_page(request: DashboardRequest) -> Mapping[str, Any]:
    """Show the overview."""
    queues, workers = request.inspection.queues(), request.inspection.workers()
    store = request.backend.broker.store_info()
    return {
        "tiles": [*_job_tiles(request), *_other_tiles(request, queues, workers)],
        "warnings": [*_endangered(request, store), *_idle(request, queues, workers)],
        "store": _store(store),
        **activity_context(request),
    }


def _job_tiles(request: DashboardRequest) -> Iterator[Tile]:
    counts, totals = request.inspection.counts(), request.inspection.totals()
    processed = formatting.number(totals.succeeded + totals.failed)
    metrics = request.address("metrics")
    yield Tile(name="processed", label=_("Attempts, total"), value=processed, address=metrics)
    failed = formatting.number(totals.failed)
    yield Tile(name="failed", label=_("Failed, total"), value=failed, address=metrics)
    for state in COUNTED:
        yield Tile(
            name=state,
            label=LABELS[state],
            value=formatting.number(counts[state]),
            address=request.address("jobs", state=state.value),
            look="bad" if state is State.DEAD and counts[state] else "",
        )


def _other_tiles(
    request: DashboardRequest, queues: Sequence[QueueInfo], workers: Sequence[WorkerInfo]
) -> Iterator[Tile]:
    yield Tile(
        name="batches",
        label=_("Batches, not ended"),
        value=formatting.number(request.backend.broker.batches.count_unfinished()),
        address=request.address("batches"),
    )
    yield Tile(
        name="workflows",
        label=_("Workflows, not ended"),
        value=formatting.number(request.backend.broker.batches.count_unfinished(workflows=True)),
        address=request.address("workflows"),
    )
    wait = max((queue.latency for queue in queues if queue.size and not queue.paused), default=0)
    yield Tile(
        name="latency",
        label=_("Longest wait"),
        value=formatting.duration(wait) if wait else "–",
        address=request.address("queues"),
    )
    yield Tile(
        name="workers",
        label=_("Workers"),
        value=formatting.number(len(workers)),
        address=request.address("workers"),
    )


def _endangered(request: DashboardRequest, store: StoreInfo) -> Iterator[str]:
    """Yield settings of the broker that can lose jobs."""
    if not request.backend.persistent:
        return
    if store.evicts_jobs:
        text = _(
            "%(store)s evicts keys, including jobs, when its memory is full. Set "
            "maxmemory-policy to noeviction, or use a separate server for jobs."
        )
        yield text % {"store": store.name}
    if store.forgets_jobs:
        text = _(
            "%(store)s does not save data to disk, so a restart loses all jobs. Set "
            "appendonly to yes."
        )
        yield text % {"store": store.name}


def _idle(
    request: DashboardRequest, queues: Sequence[QueueInfo], workers: Sequence[WorkerInfo]
) -> Iterator[str]:
    """Yield reasons why jobs do not run."""
    if not request.backend.persistent:
        return
    taking = [worker for worker in workers if not worker.quiet]
    if not taking:
        yield _("No worker is taking jobs. Start one with manage.py runworker.")
        return
    for queue in unserved(queues, taking):
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
