# /// script
# requires-python = ">=3.11"
# dependencies = ["huey==3.5.4", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "huey"
# configuration = "Blocking pops; one thread for no-ops, 25 for I/O; no log line a job."
# loses = "A job leaves Redis before it runs, so kill -9 loses it; schedules to the second."
# measures = ["drain", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.worker]
# default = ["huey_consumer", "benchmarks.systems.huey.QUEUE", "--workers", "1", "--quiet"]
# io = ["huey_consumer", "benchmarks.systems.huey.QUEUE", "--workers", "25", "--quiet"]
# ///
"""huey on Redis."""

from __future__ import annotations

import time

from huey import RedisHuey

from benchmarks import jobs, place

QUEUE = RedisHuey("bench", url=place.URL)
TASKS = {function.__name__: QUEUE.task()(function) for function in jobs.FUNCTIONS}


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    TASKS[task](number)


def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    TASKS[task].schedule((number,), delay=moment - time.time())
