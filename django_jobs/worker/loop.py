"""The event loop that runs coroutine tasks, hundreds at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections

from django_jobs.arguments import decode_arguments
from django_jobs.errors import TaskTimeout
from django_jobs.job import Claim, Settlement, State

from .attempt import Attempt, Site
from .executor import Executor, MayStart, Settle
from .receivers import News, tell_from_loop
from .supervised import supervised
from .watchdog import Limit, Watchdog, too_long

logger = logging.getLogger("django_jobs")

CLEAN_UP = 1.0
"""Seconds that coroutines get to clean up when they are cut short."""


class Loop(Executor):
    """An event loop in a thread of its own.

    Args:
        on_fatal: called when the loop can't go on.
        others: as for every executor.
    """

    def __init__(
        self,
        size: int,
        site: Site,
        watchdog: Watchdog,
        settle: Settle,
        may_start: MayStart,
        *,
        on_fatal: Callable[[], None],
    ) -> None:
        super().__init__(size, site, watchdog, settle, may_start)
        self._running: dict[Attempt, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop
        self._cut = False
        self.threads = [supervised("loop", self._run, on_fatal)]

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.threads[0].start()

    def submit(self, claims: Sequence[Claim]) -> None:
        self.backlog.add(claims)
        _soon(self._loop, self._fill)

    @property
    def busy(self) -> int:
        return len(self._running)

    def running(self) -> tuple[Attempt, ...]:
        return tuple(self._running.copy())

    def cut_short(self) -> None:
        self._cut = True
        _soon(self._loop, self._cancel_all)

    def stop(self) -> None:
        if self.threads[0].is_alive():
            _soon(self._loop, self._loop.stop)

    # --- in the loop's thread ------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._wind_up())
        self._loop.close()

    async def _wind_up(self) -> None:
        """Let what was cut short clean up after itself, if that is soon done."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=CLEAN_UP)
        await self._loop.shutdown_asyncgens()

    def _cancel_all(self) -> None:
        for task in self._running.values():
            task.cancel()

    def _fill(self) -> None:
        """Start what waits, as far as there is room."""
        while len(self._running) < self.size and (held := self.backlog.take()):
            attempt = Attempt(held.claim, self._site, held.since)
            # Like a function, with a context of its own, in which nothing is left of another job.
            task = self._loop.create_task(self._run_to_end(attempt), context=Context())
            self._running[attempt] = task

    async def _run_to_end(self, attempt: Attempt) -> None:
        try:
            self._settle(await self._attempt(attempt))
        except Exception as error:
            # No error of the job itself comes so far, but its claim must not be held for ever.
            logger.exception("Job %s could not be ended in order.", attempt.claim.job.id)
            self._settle(attempt.fail(error)[0])
        finally:
            del self._running[attempt]
            if self.backlog:
                self._fill()

    async def _attempt(self, attempt: Attempt) -> Settlement:
        if not self._may_start():
            return attempt.give_back()
        async with ThreadSensitiveContext() as context:
            settlement = await self._settled(attempt)
            await _close_connections(context)
        return settlement

    async def _settled(self, attempt: Attempt) -> Settlement:
        settlement: Settlement
        news: News | None
        try:
            value = await self._call(attempt)
            settlement, news = attempt.succeed(value)
        except BaseException as error:  # noqa: BLE001 (also cancellation ends an attempt)
            if self._cut:
                return attempt.give_back()
            settlement, news = attempt.fail(error)
            if settlement.state is not State.DISCARDED:
                # Told while the error is handled: receivers read it from sys.exc_info().
                await tell_from_loop(news)
                news = None
        await tell_from_loop(news)
        return settlement

    async def _call(self, attempt: Attempt) -> Any:
        task = attempt.find()
        arguments = attempt.claim.job.arguments
        # Model instances come from the database, which an event loop must not wait for.
        decode = sync_to_async(decode_arguments) if '"$' in arguments else None
        args, kwargs = await decode(arguments) if decode else decode_arguments(arguments)
        await tell_from_loop(attempt.begin())
        return await self._limited(attempt, task.func(*attempt.positional(task, args), **kwargs))

    async def _limited(self, attempt: Attempt, work: Awaitable[Any]) -> Any:
        """Await a coroutine, and cancel it if it takes longer than its task's timeout."""
        seconds = attempt.policy.timeout
        if seconds is None:
            return await work
        me = asyncio.current_task()
        assert me is not None

        def cancel() -> None:
            # In the loop's thread: the work may have ended since the watchdog spoke.
            if limit.running:
                me.cancel()

        limit = Limit(attempt.claim.job.id, lambda: _soon(self._loop, cancel))
        self._watchdog.watch(limit, seconds)
        try:
            return await work
        except asyncio.CancelledError as error:
            if limit.fired and not self._cut:
                me.uncancel()
                raise TaskTimeout(too_long(seconds)) from error
            raise
        finally:
            limit.end()


def _soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], Any]) -> None:
    """Call something in the loop's thread, unless the loop is over."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)


async def _close_connections(context: ThreadSensitiveContext) -> None:
    """Close the database connections of the thread that an attempt may have had for itself."""
    if context not in SyncToAsync.context_to_thread_executor:
        return
    try:
        await sync_to_async(connections.close_all)()
    except Exception:
        logger.exception("The database connections of a job can't be closed.")
