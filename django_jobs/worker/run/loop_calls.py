"""Calls into the thread of an event loop, and coroutines with a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from django_jobs.errors import TaskTimeout
from django_jobs.timeouts.limits import Limit, too_long
from django_jobs.timeouts.watchdog import Watchdog

T = TypeVar("T")


def call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], Any]) -> None:
    """Call a function in the loop's thread, unless the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)


async def await_limited(work: Awaitable[T], watchdog: Watchdog, job_id: str, seconds: float) -> T:
    """Await a coroutine, and cancel it if it takes longer than so many seconds.

    Raises:
        TaskTimeout: it took longer.
    """
    me = asyncio.current_task()
    assert me is not None

    def cancel() -> None:
        # In the loop's thread: the work may have ended since the watchdog fired.
        if limit.running:
            me.cancel()

    limit = Limit(job_id, lambda: call_soon(me.get_loop(), cancel))
    watchdog.watch(limit, seconds)
    try:
        return await work
    except asyncio.CancelledError as error:
        if limit.fired:
            me.uncancel()
            raise TaskTimeout(too_long(seconds)) from error
        raise
    finally:
        limit.end()
