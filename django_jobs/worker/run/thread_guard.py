"""Lets operators cancel the functions that a worker's threads run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django_jobs.errors import JobCancelled
from django_jobs.timeouts.blocks import this_thread
from django_jobs.timeouts.interrupts import ThreadInterrupt
from django_jobs.timeouts.watchdog import NO_KWARGS, Watchdog

T = TypeVar("T")

WHILE_RUNNING = "It was cancelled while it was running."


class Cancellable(dict[str, ThreadInterrupt]):
    """The functions that are running, by the ids of their jobs.

    Two may remove a function, and the first decides: its thread, once the function has returned,
    or `cancel`, which interrupts it.
    """

    def cancel(self, job_id: str) -> None:
        """Raise `JobCancelled` once in the function of a job, if it is running."""
        if interrupt := self.pop(job_id, None):
            interrupt.fire()


class ThreadGuard:
    """Calls the functions of one thread. Created in this thread.

    Args:
        running: where they are registered.
        watchdog: interrupts those that take too long.
    """

    def __init__(self, running: Cancellable, watchdog: Watchdog) -> None:
        self._running = running
        self._watchdog = watchdog
        self._interrupt = ThreadInterrupt(_cancelled)
        this_thread().limits = (self._interrupt,)

    def call(
        self,
        job_id: str,
        seconds: float | None,
        work: Callable[..., T],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = NO_KWARGS,
    ) -> T:
        """Return the result of `work`; raise `TaskTimeout` or `JobCancelled` in it."""
        try:
            self._running[job_id] = self._interrupt
            if seconds is None:
                return work(*args, **kwargs)
            return self._watchdog.call(job_id, seconds, work, args, kwargs)
        finally:
            # Not in a function: the exception may arrive at the first step of its call.
            while True:
                try:
                    self._leave(job_id)
                except JobCancelled:
                    continue
                break
            if self._interrupt.fired:
                self._interrupt.reset()
                self._watchdog.on_interrupted()

    def _leave(self, job_id: str) -> None:
        """Note that a function has ended. If the thread is interrupted here, it calls it again."""
        if not self._running.pop(job_id, None):
            self._interrupt.withdraw()


def _cancelled() -> JobCancelled:
    return JobCancelled(WHILE_RUNNING)
