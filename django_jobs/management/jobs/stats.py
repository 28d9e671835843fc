"""`jobs stats`: counts of jobs, queues and workers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from django_jobs.backends.base import JobBackend
from django_jobs.backends.queues import configured_and_known
from django_jobs.brokers.inspection.base import QueueInfo
from django_jobs.brokers.inspection.filters import LISTED
from django_jobs.brokers.inspection.limits import SHOWN_LIMITS, busiest
from django_jobs.management.formatting import format_count, format_duration

from .base import ViewSubcommand
from .console import Console
from .json_output import limit_json, queue_json


class Stats(ViewSubcommand):
    name = "stats"
    help = "Counts jobs by state, and shows how long the next job has been waiting."

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if options.json:
            console.show_json(statistics_json(backend))
            return
        inspection = backend.broker.inspection
        counts, totals = inspection.counts(), inspection.totals()
        queues, workers = configured_and_known(backend), inspection.workers()
        console.show_table(("State", "Jobs"), [(state.value, counts[state]) for state in LISTED])
        running = format_count(len(workers), "worker")
        console.out.write(
            f"\n{running}. {_next_job(queues)}"
            f" Attempts that workers have reported: {totals.succeeded:,} succeeded,"
            f" {totals.failed:,} failed."
        )


def _next_job(queues: Sequence[QueueInfo]) -> str:
    latencies = [queue.latency for queue in queues if queue.size]
    if not latencies:
        return "No job is queued."
    return f"The next queued job has been waiting for {format_duration(max(latencies))}."


def statistics_json(backend: JobBackend) -> dict[str, Any]:
    """Return the statistics that `jobs stats --json` prints."""
    inspection, batches = backend.broker.inspection, backend.broker.batches
    counts, totals = inspection.counts(), inspection.totals()
    return {
        "states": {state.value: counts[state] for state in LISTED},
        "attempts": {"succeeded": totals.succeeded, "failed": totals.failed},
        "queues": [queue_json(queue) for queue in configured_and_known(backend)],
        "limits": [limit_json(limit) for limit in busiest(inspection.limits.all(), SHOWN_LIMITS)],
        "batches": {"unfinished": batches.count_unfinished()},
        "workflows": {"unfinished": batches.count_unfinished(workflows=True)},
        "workers": len(inspection.workers()),
    }
