# /// script
# requires-python = ">=3.11"
# dependencies = ["redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "bare redis-py loop"
# configuration = "One thread; no-ops in batches of 50 with RPOP, an idle worker waits in BRPOP."
# loses = "It is no job system: no acknowledgement, retries, schedules, results; the batch is lost."
# measures = ["drain", "enqueue", "bulk", "start"]
#
# [tool.bench.worker]
# default = ["python", "-m", "benchmarks.systems.bare", "batches"]
# start = ["python", "-m", "benchmarks.systems.bare", "singles"]
# ///
"""A loop around redis-py: what Redis and Python allow at best."""

from __future__ import annotations

import json
import sys
import time
import uuid
from typing import Any

import redis

from benchmarks import jobs, place

QUEUE = "bare"
BATCH = 50
TASKS = {function.__name__: function for function in jobs.FUNCTIONS}

connection: Any = redis.Redis(host=place.HOST, port=place.PORT, socket_timeout=None)


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    connection.lpush(QUEUE, payload(task, number))


def enqueue_many(task: str, numbers: range) -> None:
    """Enqueue many jobs in one pipeline, with one LPUSH each."""
    pipeline = connection.pipeline(transaction=False)
    for number in numbers:
        pipeline.lpush(QUEUE, payload(task, number))
    pipeline.execute()


def payload(task: str, number: int) -> str:
    """Return a job with the fields that one needs."""
    return json.dumps(
        {
            "id": str(uuid.uuid4()),
            "task": f"benchmarks.jobs.{task}",
            "args": [number],
            "kwargs": {},
            "queue": "default",
            "priority": 0,
            "enqueued_at": time.time(),
        }
    )


def batches() -> None:
    """Run jobs in batches for ever."""
    while True:
        for text in connection.rpop(QUEUE, BATCH) or ():
            run(text)


def singles() -> None:
    """Run jobs one at a time for ever, waiting for each."""
    while True:
        run(connection.brpop([QUEUE])[1])


def run(text: bytes) -> None:
    """Run one job."""
    job = json.loads(text)
    TASKS[job["task"].rpartition(".")[2]](*job["args"], **job["kwargs"])


if __name__ == "__main__":
    {"batches": batches, "singles": singles}[sys.argv[1]]()
