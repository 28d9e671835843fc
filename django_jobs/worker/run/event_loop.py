"""The event loop that runs coroutine tasks, hundreds at a time."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, NoReturn

from asgiref.sync import ThreadSensitiveContext, sync_to_async

from django_jobs.errors import JobCancelled, WorkerLost
from django_jobs.jobs import observers
from django_jobs.jobs.records import Claim
from django_jobs.waits import capped
from django_jobs.worker.supervision import supervised

from .announcements import announce, announce_from_loop, needs_thread
from .attempt import Attempt
from .db_connections import close_in_own_thread, has_own_thread
from .executor import Executor, Surroundings
from .loop_calls import await_limited, call_soon
from .outcome import Outcome
from .thread_guard import WHILE_RUNNING

logger = logging.getLogger("django_jobs")

CLEAN_UP = 1.0
"""Seconds that coroutines get to clean up after they are cancelled."""

GRACE = 0.5
"""Seconds more for the loop to end after that."""

LOOK = 1.0
"""Seconds between two searches for attempts whose asyncio task ended without settling them."""


Run = Callable[[Attempt], Awaitable[Any]]
"""Runs the code of an attempt and returns the task's value."""


class EventLoop(Executor):
    """An event loop in a thread of its own."""

    def __init__(self, size: int, surroundings: Surroundings) -> None:
        super().__init__(size, surroundings)
        self._running: dict[Attempt, asyncio.Task[None]] = {}
        self._ends: dict[Attempt, Callable[[], None]] = {}  # of those that end in a task apart
        self._cancelled: set[Attempt] = set()
        self._loop: asyncio.AbstractEventLoop
        self._cut = self._stopping = False
        self.threads = [supervised("loop", self._run, surroundings.on_fatal)]

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.threads[0].start()

    def submit(self, claims: Sequence[Claim]) -> None:
        self.backlog.add(claims)
        call_soon(self._loop, self._fill)

    @property
    def busy(self) -> int:
        return len(self._running)

    def running(self) -> tuple[Attempt, ...]:
        return tuple(self._running.copy())

    def cancel(self, job_ids: Collection[str]) -> None:
        call_soon(self._loop, partial(self._cancel, job_ids))

    def cut_short(self) -> None:
        self._cut = True
        call_soon(self._loop, self._cancel_all)

    def stop(self) -> None:
        self._stopping = True
        if self.threads[0].is_alive():
            loop = self._loop
            call_soon(loop, loop.stop)

    def await_clean_up(self) -> None:
        """Wait until cancelled coroutines have cleaned up; one that blocks the loop is left."""
        thread = self.threads[0]
        if thread.is_alive() and thread is not threading.current_thread():
            thread.join(capped(CLEAN_UP + GRACE))

    # --- in the loop's thread ------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._check_tasks()
        while not self._stopping:
            self._serve()
            if self._loop.is_closed():
                self._reopen()
        self._loop.run_until_complete(self._await_cancelled())
        self._loop.close()

    def _serve(self) -> None:
        """Run the loop until it stops; any job can stop it."""
        try:
            self._loop.run_forever()
        except BaseException as error:
            # A SystemExit in an asyncio task that a job has created passes through the loop.
            if not (isinstance(error, (SystemExit, KeyboardInterrupt)) or self._loop.is_closed()):
                raise
            logger.exception("A job interrupted the event loop, which continues.")
        else:
            if not self._stopping:
                logger.error("A job stopped the event loop, which continues.")

    def _reopen(self) -> None:
        """Open a new loop after a job closed the old one, and fail the attempts that ran on it."""
        lost, self._running = self._running, {}
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._check_tasks()
        for attempt in lost:
            again = self._ends.get(attempt) or partial(self._start, attempt, _fail_as_lost)
            again()
        self._loop.call_soon(self._fill)

    async def _await_cancelled(self) -> None:
        """Give cancelled coroutines a moment to clean up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP):
                while self._running:
                    await asyncio.wait(self._running.values())
        await self._loop.shutdown_asyncgens()

    def _cancel(self, job_ids: Collection[str]) -> None:
        for attempt, task in self._running.items():
            is_new = attempt not in self._cancelled and attempt not in self._ends
            if is_new and attempt.claim.job.id in job_ids:
                self._cancelled.add(attempt)
                task.cancel()

    def _cancel_all(self) -> None:
        for task in self._running.values():
            task.cancel()

    def _fill(self) -> None:
        """Start waiting claims while there is room."""
        while len(self._running) < self.size and (held := self.backlog.take()):
            claim, since = held
            self._start(Attempt(claim, self._context, since), self._call)

    def _check_tasks(self) -> None:
        """Settle or restart attempts whose asyncio task ended without settling them.

        A job may cancel all tasks that it finds. A task that is cancelled before its first
        step cannot react to that and has done nothing, so its attempt starts again.
        """
        self._loop.call_later(LOOK, self._check_tasks)
        if self._cut:
            return  # they were given back
        for attempt, task in self._running.copy().items():
            if not task.done():
                continue
            if task.cancelled():
                again = self._ends.get(attempt) or partial(self._start, attempt, self._call)
                again()
            elif error := task.exception():  # not from the job's own code
                self._settle_anyway(attempt, attempt.fail(error), error)

    def _start(self, attempt: Attempt, call: Run) -> None:
        # A context of its own, as for a function, so that no job sees the variables of another.
        context = Context()
        task = self._loop.create_task(self._attempt(attempt, call, context), context=context)
        self._running[attempt] = task

    async def _attempt(self, attempt: Attempt, call: Run, context: Context) -> None:
        """Run an attempt's code, then end the attempt.

        If the end has to be awaited, a new task does so, because a cancellation that the job has
        left behind, pending or still to come, affects this one.
        """
        threads = ThreadSensitiveContext()
        await threads.__aenter__()  # type: ignore[no-untyped-call]
        outcome = await self._outcome(attempt, call)
        if needs_thread(outcome.announcement) or has_own_thread(threads):
            self._ends[attempt] = partial(self._end_in_new_task, attempt, outcome, threads, context)
            self._ends[attempt]()
            return
        await threads.__aexit__(None, None, None)  # type: ignore[no-untyped-call]
        if outcome.announcement:
            announce(attempt.claim.job.id, outcome.announcement)
        self._settle_anyway(attempt, outcome, None)

    async def _outcome(self, attempt: Attempt, call: Run) -> Outcome:
        if not self._may_start():
            return attempt.give_back()
        if not observers.observers:
            return await self._run_code(attempt, call)
        with observers.running(attempt.observed) as tell:
            outcome = await self._run_code(attempt, call)
            tell(outcome.observed)
            return outcome

    async def _run_code(self, attempt: Attempt, call: Run) -> Outcome:
        loop = asyncio.get_running_loop()
        try:
            return attempt.finish(await call(attempt))
        except BaseException as error:  # a cancellation ends an attempt, too
            if loop.is_closed():
                raise  # `_reopen` ends the attempts of a loop that a job has closed
            if self._cut:
                return attempt.give_back()
            return attempt.fail(self._reason(attempt, error))

    def _reason(self, attempt: Attempt, error: BaseException) -> BaseException:
        """Return why an attempt failed: a coroutine that is cancelled does not know by whom."""
        # Not isinstance(), which asks the error itself.
        if issubclass(type(error), asyncio.CancelledError) and attempt in self._cancelled:
            return JobCancelled(WHILE_RUNNING)
        return error

    def _end_in_new_task(
        self, attempt: Attempt, outcome: Outcome, threads: ThreadSensitiveContext, context: Context
    ) -> None:
        end = self._end(attempt, outcome, threads)
        self._running[attempt] = self._loop.create_task(end, context=context)

    async def _end(
        self, attempt: Attempt, outcome: Outcome, threads: ThreadSensitiveContext
    ) -> None:
        loop = asyncio.get_running_loop()
        trouble: BaseException | None = None
        try:
            if outcome.announcement:
                await announce_from_loop(attempt.claim.job.id, outcome.announcement)
            await close_in_own_thread(threads)
            await threads.__aexit__(None, None, None)  # type: ignore[no-untyped-call]
        except BaseException as error:
            if loop.is_closed():
                raise
            trouble = error  # a job may cancel all tasks that it finds
        self._settle_anyway(attempt, outcome, trouble)

    def _settle_anyway(
        self, attempt: Attempt, outcome: Outcome, trouble: BaseException | None
    ) -> None:
        """Settle an attempt, whatever went wrong, so that no claim is held forever."""
        del self._running[attempt]
        if self._ends:
            self._ends.pop(attempt, None)
        self._cancelled.discard(attempt)
        self._settle(attempt.claim, outcome.settlement)
        if self.backlog:
            self._fill()
        if trouble:
            logger.error(
                "Cleaning up after job %s failed.",
                attempt.claim.job.id,
                exc_info=trouble,
                extra=attempt.log_fields,
            )

    async def _call(self, attempt: Attempt) -> Any:
        if attempt in self._cancelled:
            raise JobCancelled(WHILE_RUNNING)  # before its first step, which then begins again
        task = attempt.find()
        # Model instances come from the database, and an event loop must not wait for one.
        load = sync_to_async(attempt.load) if '"$' in attempt.claim.job.arguments else None
        args, kwargs = await load() if load else attempt.load()
        if announcement := attempt.begin():
            await announce_from_loop(attempt.claim.job.id, announcement)
        work = task.func(*attempt.positional(task, args), **kwargs)
        timeout = attempt.policy.timeout
        if timeout is None:
            return await work
        return await await_limited(work, self._watchdog, attempt.claim.job.id, timeout)


async def _fail_as_lost(attempt: Attempt) -> NoReturn:
    raise WorkerLost("The event loop that ran this job was closed by a job.")
