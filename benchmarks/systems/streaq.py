# /// script
# requires-python = ">=3.11"
# dependencies = ["streaq==7.2.0", "coredis==6.9.0", "uvloop==0.23.0"]
#
# [tool.bench]
# title = "streaq"
# configuration = "Coroutines on uvloop, 32 at a time for no-ops; no log line a job."
# loses = "Results are kept for five minutes; what a killed worker held waits a minute."
# measures = ["drain", "drain_async", "enqueue", "bulk", "io", "io_async", "start", "late", "crash"]
# coroutines_only = true
#
# [tool.bench.worker]
# default = ["streaq", "run", "benchmarks.systems.streaq:WORKER"]
# io = ["streaq", "run", "benchmarks.systems.streaq:WORKER_IO"]
# io_async = ["streaq", "run", "benchmarks.systems.streaq:WORKER_IO_ASYNC"]
# ///
"""streaq on Redis streams."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import uvloop
from streaq import Worker

from benchmarks import jobs, place

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
_is_open = False


def worker(concurrency: int) -> Any:
    """Return a worker that knows all tasks and runs so many jobs at a time."""
    made = Worker(place.URL, concurrency=concurrency, anyio_kwargs={"use_uvloop": True})
    for name, function in jobs.AS_COROUTINES.items():
        made.task(name=name, silent=True)(function)
    return made


WORKER = worker(32)
WORKER_IO = worker(25)
WORKER_IO_ASYNC = worker(500)


async def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    await (await _tasks())[task].enqueue(number)


async def enqueue_many(task: str, numbers: range) -> None:
    """Enqueue many jobs in one call."""
    function = (await _tasks())[task]
    await WORKER.enqueue_many([function.enqueue(number) for number in numbers])


async def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    due = datetime.fromtimestamp(moment, UTC)
    await (await _tasks())[task].enqueue(number).start(schedule=due)


async def _tasks() -> Any:
    global _is_open  # noqa: PLW0603 - a producer has one event loop
    if not _is_open:
        await WORKER.__aenter__()
        _is_open = True
    return WORKER.registry
