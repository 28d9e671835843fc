"""The functions that the jobs of all Python systems run."""

from __future__ import annotations

import asyncio
import time

from benchmarks import probe

IO_SECONDS = 0.010
SLOW_SECONDS = 0.100


def noop(number: int) -> None:
    """Do nothing, to measure the cost of the system itself."""
    probe.count()


def sleep(number: int) -> None:
    """Wait as for a quick web service."""
    time.sleep(IO_SECONDS)
    probe.count()


def note(number: int) -> None:
    """Record when the job started."""
    probe.note(number)


def append(number: int) -> None:
    """Write a line that outlives the process."""
    probe.append(number)


def slow(number: int) -> None:
    """Run for 100 ms, and record when."""
    probe.span(number, SLOW_SECONDS)


async def noop_async(number: int) -> None:
    """Do nothing, as a coroutine."""
    probe.count()


async def sleep_async(number: int) -> None:
    """Wait as for a quick web service, as a coroutine."""
    await asyncio.sleep(IO_SECONDS)
    probe.count()


async def note_async(number: int) -> None:
    """Record when the job started, as a coroutine."""
    probe.note(number)


async def append_async(number: int) -> None:
    """Write a line that outlives the process, as a coroutine."""
    probe.append(number)


FUNCTIONS = (noop, sleep, note, append)
COROUTINES = (noop_async, sleep_async)

AS_COROUTINES = {
    "noop": noop_async,
    "noop_async": noop_async,
    "sleep": sleep_async,
    "sleep_async": sleep_async,
    "note": note_async,
    "append": append_async,
}
"""The jobs of a system that runs coroutines best, by their names in the measures."""
