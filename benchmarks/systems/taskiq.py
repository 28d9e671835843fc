# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "taskiq==0.13.0",
#     "taskiq-redis==1.2.4",
#     "redis[hiredis]==8.1.0",
#     "orjson==3.13.0",
#     "uvloop==0.23.0",
# ]
#
# [tool.bench]
# title = "taskiq"
# configuration = "RedisStreamBroker; coroutines on uvloop, 100 at a time for no-ops; orjson."
# loses = "No results; the stream keeps what is done; a killed worker's jobs wait ten minutes."
# measures = ["drain", "drain_async", "enqueue", "io", "io_async", "start", "late", "crash"]
# coroutines_only = true
#
# [tool.bench.worker]
# default = ["python", "-m", "benchmarks.systems.taskiq", "100"]
# io = ["python", "-m", "benchmarks.systems.taskiq", "25"]
# io_async = ["python", "-m", "benchmarks.systems.taskiq", "500"]
# ///
"""taskiq on Redis streams."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta

import uvloop
from taskiq import TaskiqScheduler
from taskiq.api import run_receiver_task, run_scheduler_task
from taskiq.serializers import ORJSONSerializer
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

from benchmarks import jobs, place

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
BROKER = RedisStreamBroker(place.URL, consumer_id="0").with_serializer(ORJSONSerializer())
SCHEDULE = ListRedisScheduleSource(place.URL)
TASKS = {
    name: BROKER.task(task_name=name)(function) for name, function in jobs.AS_COROUTINES.items()
}


async def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    await TASKS[task].kiq(number)


async def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    await TASKS[task].schedule_by_time(SCHEDULE, datetime.fromtimestamp(moment, UTC), number)


async def work(concurrency: int) -> None:
    """Run the worker together with the scheduler, as `taskiq worker` and `scheduler` do."""
    await BROKER.startup()
    await asyncio.gather(
        run_receiver_task(BROKER, validate_params=False, max_async_tasks=concurrency),
        run_scheduler_task(TaskiqScheduler(BROKER, [SCHEDULE]), interval=timedelta(seconds=1)),
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(work(int(sys.argv[1])))
