"""The tasks that are measured, all with the options that tasks have by default."""

from __future__ import annotations

import os

from benchmarks import jobs
from django_jobs import periodic, task


@task
def noop(number: int) -> None:
    """Do nothing."""
    jobs.noop(number)


@task
def sleep(number: int) -> None:
    """Wait for 10 ms."""
    jobs.sleep(number)


@task
def note(number: int) -> None:
    """Record when the job started."""
    jobs.note(number)


@task
def append(number: int) -> None:
    """Write a line that outlives the process."""
    jobs.append(number)


@task
def slow(number: int) -> None:
    """Last for 100 ms."""
    jobs.slow(number)


@task
async def noop_async(number: int) -> None:
    """Do nothing, as a coroutine."""
    await jobs.noop_async(number)


@task
async def sleep_async(number: int) -> None:
    """Wait for 10 ms, as a coroutine."""
    await jobs.sleep_async(number)


@task
def tick() -> None:
    """Do nothing once a year; the environment says how many such tasks there are."""


for index in range(int(os.environ.get("BENCH_PERIODIC", "0"))):
    periodic("0 0 1 1 *", name=f"tick {index}")(tick)
