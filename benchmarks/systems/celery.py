# /// script
# requires-python = ">=3.11"
# dependencies = ["celery[redis]==5.7.0", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "celery"
# configuration = "Late acknowledgement; pool solo, 25 threads for I/O; no results, no gossip."
# loses = "No results; what a killed worker held waits an hour, the visibility timeout."
# measures = ["drain", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.worker]
# default = [
#     "celery", "-A", "benchmarks.systems.celery", "worker", "-P", "solo",
#     "-l", "WARNING",
#     "--without-gossip", "--without-mingle", "--without-heartbeat",
# ]
# io = [
#     "celery", "-A", "benchmarks.systems.celery", "worker", "-P", "threads", "-c", "25",
#     "-l", "WARNING",
#     "--without-gossip", "--without-mingle", "--without-heartbeat",
# ]
# ///
"""celery on Redis."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import Celery

from benchmarks import jobs, place

app = Celery("bench", broker=place.URL)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_disable_rate_limits=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
)
TASKS = {
    function.__name__: app.task(function, name=function.__name__) for function in jobs.FUNCTIONS
}


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    TASKS[task].apply_async((number,))


def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    TASKS[task].apply_async((number,), eta=datetime.fromtimestamp(moment, UTC))
