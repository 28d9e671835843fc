"""Coroutine tasks, for the backends that support them."""

from __future__ import annotations

from django.tasks import task

from benchmarks import jobs


@task
async def noop_async(number: int) -> None:
    """Do nothing, as a coroutine."""
    await jobs.noop_async(number)


@task
async def sleep_async(number: int) -> None:
    """Wait for 10 ms, as a coroutine."""
    await jobs.sleep_async(number)
