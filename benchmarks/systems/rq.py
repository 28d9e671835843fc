# /// script
# requires-python = ">=3.11"
# dependencies = ["rq==3.0.0", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "rq"
# configuration = "SimpleWorker: one by one in its own process; no log line a job."
# loses = "No two jobs at a time; a job that crashes takes the worker along."
# measures = ["drain", "drain_async", "enqueue", "bulk", "io", "start", "late", "crash"]
#
# [tool.bench.worker]
# default = ["rq", "worker", "--url", "{url}", "-w", "rq.SimpleWorker", "--quiet"]
# late = ["rq", "worker", "--url", "{url}", "-w", "rq.SimpleWorker", "--quiet", "--with-scheduler"]
# ///
"""rq on Redis."""

from __future__ import annotations

from datetime import UTC, datetime

from redis import Redis
from rq import Queue

from benchmarks import jobs, place

QUEUE = Queue(connection=Redis.from_url(place.URL))


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    QUEUE.enqueue(getattr(jobs, task), number)


def enqueue_many(task: str, numbers: range) -> None:
    """Enqueue many jobs in one call."""
    function = getattr(jobs, task)
    QUEUE.enqueue_many([Queue.prepare_data(function, (number,)) for number in numbers])


def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    QUEUE.enqueue_at(datetime.fromtimestamp(moment, UTC), getattr(jobs, task), number)
