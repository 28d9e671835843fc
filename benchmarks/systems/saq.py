# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "saq==0.26.4",
#     "redis[hiredis]==7.4.1",
#     "typing-extensions==4.16.0",
#     "orjson==3.13.0",
#     "uvloop==0.23.0",
# ]
#
# [tool.bench]
# title = "saq"
# configuration = "Coroutines on uvloop, 20 at a time for no-ops; orjson; results for ten minutes."
# loses = "What a killed worker held waits for a sweep a minute; schedules to the second."
# measures = ["drain", "drain_async", "enqueue", "io", "io_async", "start", "late", "crash"]
# coroutines_only = true
#
# [tool.bench.worker]
# default = ["saq", "benchmarks.systems.saq.SETTINGS"]
# io = ["saq", "benchmarks.systems.saq.SETTINGS_IO"]
# io_async = ["saq", "benchmarks.systems.saq.SETTINGS_IO_ASYNC"]
# ///
"""saq on Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import uvloop
from saq import Queue

from benchmarks import jobs, place

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
QUEUE = Queue.from_url(place.URL, dump=orjson.dumps, load=orjson.loads)


def _function(function: Any) -> Any:
    async def call(context: Any, *, number: int) -> None:
        await function(number)

    return call


FUNCTIONS = [(name, _function(function)) for name, function in jobs.AS_COROUTINES.items()]
SETTINGS = {"queue": QUEUE, "functions": FUNCTIONS, "concurrency": 20}
SETTINGS_IO = SETTINGS | {"concurrency": 25}
SETTINGS_IO_ASYNC = SETTINGS | {"concurrency": 500}


async def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    await QUEUE.enqueue(task, number=number)


async def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later; saq knows whole seconds."""
    await QUEUE.enqueue(task, number=number, scheduled=moment)
