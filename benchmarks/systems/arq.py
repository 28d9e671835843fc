# /// script
# requires-python = ">=3.11"
# dependencies = ["arq==0.28.0", "redis[hiredis]==5.3.1", "uvloop==0.23.0"]
#
# [tool.bench]
# title = "arq"
# configuration = "Coroutines on uvloop, 10 at a time for no-ops; looks for jobs each 10 ms."
# loses = "An idle worker asks Redis 100 times a second; killed jobs wait for their time limit."
# measures = ["drain", "drain_async", "enqueue", "io", "io_async", "start", "late", "crash"]
# coroutines_only = true
#
# [tool.bench.worker]
# default = ["arq", "benchmarks.systems.arq.SETTINGS"]
# io = ["arq", "benchmarks.systems.arq.SETTINGS_IO"]
# io_async = ["arq", "benchmarks.systems.arq.SETTINGS_IO_ASYNC"]
# ///
"""arq on Redis."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import uvloop
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.worker import func

from benchmarks import jobs, place

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
REDIS = RedisSettings.from_dsn(place.URL)
_opened: ArqRedis | None = None


def _function(name: str, function: Any) -> Any:
    async def call(context: dict[str, Any], number: int) -> None:
        await function(number)

    return func(call, name=name)


FUNCTIONS = [_function(name, function) for name, function in jobs.AS_COROUTINES.items()]
SETTINGS = {
    "functions": FUNCTIONS,
    "redis_settings": REDIS,
    "poll_delay": 0.01,
    "max_jobs": 10,
}
SETTINGS_IO = SETTINGS | {"max_jobs": 25}
SETTINGS_IO_ASYNC = SETTINGS | {"max_jobs": 500}


async def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    await (await _pool()).enqueue_job(task, number)


async def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    due = datetime.fromtimestamp(moment, UTC)
    await (await _pool()).enqueue_job(task, number, _defer_until=due)


async def _pool() -> ArqRedis:
    global _opened  # noqa: PLW0603 - a producer has one event loop
    if _opened is None:
        _opened = await create_pool(REDIS)
    return _opened
