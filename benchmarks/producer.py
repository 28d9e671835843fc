"""Enqueues the jobs of one system, and prints one line of JSON.

Usage: python -m benchmarks.producer SYSTEM VERB TASK NUMBER, in the system's own environment.
The system's module has `enqueue(task, number)`, and if it can `enqueue_many(task, numbers)` and
`enqueue_at(task, number, moment)`: all plain functions, or all coroutine functions; and `close()`,
a plain function, if something is to be done after the last job.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from benchmarks import place

CHUNK = 100
"""The number of jobs in a bulk call."""

GAPS = (0.020, 0.040)
"""Shortest and longest pause between two jobs for an idle worker, in seconds."""

LEAD, SPREAD = 1.5, 3.0
"""When the first scheduled job is due, and over how long the others are spread, in seconds."""

DEADLINE = 30.0
"""Seconds to wait for jobs."""

Call = Callable[..., Awaitable[None]]
Answer = Coroutine[Any, Any, dict[str, Any]]


class Producer:
    """Enqueues with the functions of a system's module."""

    def __init__(self, module: Any) -> None:
        self.one = awaitable(module.enqueue)
        self.many = awaitable(getattr(module, "enqueue_many", None) or one_by_one(self.one))
        self.at = awaitable(getattr(module, "enqueue_at", None))
        self.close = getattr(module, "close", lambda: None)

    async def fill(self, task: str, count: int) -> dict[str, Any]:
        """Enqueue a number of jobs in the fastest way."""
        numbers = range(place.FIRST, place.FIRST + count)
        for start in range(0, count, CHUNK):
            await self.many(task, numbers[start : start + CHUNK])
        self.close()
        return {"jobs": count}

    async def singles(self, task: str, milliseconds: int) -> dict[str, Any]:
        """Enqueue one job at a time for some seconds."""
        return await timed(lambda: self.one(task, 0), milliseconds, jobs=1)

    async def bulks(self, task: str, milliseconds: int) -> dict[str, Any]:
        """Enqueue lists of jobs for some seconds."""
        return await timed(lambda: self.many(task, range(CHUNK)), milliseconds, jobs=CHUNK)

    async def starts(self, task: str, count: int) -> dict[str, Any]:
        """Enqueue single jobs for an idle worker; return when each call started."""
        await self._wake_worker(task)
        moments, calls = [], []
        for number in range(count):
            time.sleep(random.uniform(*GAPS))
            began = time.monotonic_ns()
            await self.one(task, number)
            calls.append((time.monotonic_ns() - began) / 1000)
            moments.append((number, began))
        return {"moments": moments, "call_us": statistics.median(calls)}

    async def submits(self, task: str, count: int) -> dict[str, Any]:
        """Enqueue jobs that run in this process; return when the last one has ended."""
        began = time.monotonic_ns()
        for number in range(count):
            await self.one(task, number)
        wait_for(Path(place.REPORT))
        return {"began": began}

    async def later(self, task: str, count: int) -> dict[str, Any]:
        """Schedule jobs at regular intervals; return their times."""
        await self._wake_worker(task)
        now = time.time()
        due = [now + LEAD + SPREAD * number / count for number in range(count)]
        for number in random.sample(range(count), count):
            await self.at(task, number, due[number])
        return {"moments": [(number, int(due[number] * 1e9)) for number in range(count)]}

    async def _wake_worker(self, task: str) -> None:
        """Enqueue a first job; return when the worker has run it and is idle again."""
        await self.one(task, -1)
        wait_for(Path(f"{place.REPORT}.ready"))
        time.sleep(0.3)


def wait_for(path: Path) -> None:
    """Wait for a file of the probe."""
    deadline = time.monotonic() + DEADLINE
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"The jobs have not run within {DEADLINE:.0f} s.")
        time.sleep(0.01)


async def timed(
    call: Callable[[], Awaitable[None]], milliseconds: int, *, jobs: int
) -> dict[str, Any]:
    """Repeat a call that enqueues some jobs; the first call, which connects, is not counted."""
    await call()
    began, cpu, done, seconds = time.perf_counter(), time.process_time(), 0, 0.0
    while seconds < milliseconds / 1000:
        await call()
        done += jobs
        seconds = time.perf_counter() - began
    return {"jobs": done, "seconds": seconds, "cpu": time.process_time() - cpu}


def awaitable(function: Any) -> Call:
    """Return a function as a coroutine function."""
    if inspect.iscoroutinefunction(function):
        coroutine_function: Call = function
        return coroutine_function

    async def call(*arguments: Any) -> None:
        function(*arguments)

    return call


def one_by_one(one: Call) -> Call:
    """Return a bulk call for a system that has none."""

    async def call(task: str, numbers: range) -> None:
        for number in numbers:
            await one(task, number)

    return call


def run(answer: Answer, *, needs_loop: bool) -> dict[str, Any]:
    """Run a verb of the producer; plain functions must not run in an event loop."""
    if needs_loop:
        return asyncio.run(answer)
    try:
        answer.send(None)
    except StopIteration as end:
        result: dict[str, Any] = end.value
        return result
    raise RuntimeError("enqueue is a plain function, but another one of the system waits.")


def main(system: str, verb: str, task: str, number: str) -> None:
    """Run one verb and print its answer."""
    module = importlib.import_module(f"benchmarks.systems.{system}")
    answer = getattr(Producer(module), verb)(task, int(number))
    print(json.dumps(run(answer, needs_loop=inspect.iscoroutinefunction(module.enqueue))))


if __name__ == "__main__":
    main(*sys.argv[1:])
