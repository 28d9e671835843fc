# /// script
# requires-python = ">=3.11"
# dependencies = ["dramatiq[redis]==2.2.1", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "dramatiq"
# configuration = "One process takes 100 jobs ahead; one thread for no-ops, 25 for I/O."
# loses = "No results; what a killed worker had taken waits a minute for its heartbeat."
# measures = ["drain", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.environment]
# dramatiq_queue_prefetch = "100"
#
# [tool.bench.worker]
# default = ["dramatiq", "--processes", "1", "--threads", "1", "benchmarks.systems.dramatiq"]
# io = ["dramatiq", "--processes", "1", "--threads", "25", "benchmarks.systems.dramatiq"]
# ///
"""dramatiq on Redis."""

from __future__ import annotations

import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks import jobs, place

dramatiq.set_broker(RedisBroker(url=place.URL))
TASKS = {function.__name__: dramatiq.actor(function) for function in jobs.FUNCTIONS}


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    TASKS[task].send(number)


def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    TASKS[task].send_with_options(args=(number,), delay=int((moment - time.time()) * 1000))
