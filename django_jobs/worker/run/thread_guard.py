"""Lets operators cancel the functions that a worker's threads run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from django_jobs.errors import JobCancelled
from django_jobs.timeouts.blocks import this_thread
from django_jobs.timeouts.interrupts import ThreadInterrupt
from django_jobs.timeouts.watchdog import NO_KWARGS, Watchdog

T = TypeVar("T")

WHILE_RUNNING = "It was cancelled while it was running."


class Cancellable(dict[tuple[str, int], ThreadInterrupt]):
    """The functions that are running, by the id of their job and their thread.

    Two threads run the same job if its worker lost the first claim, and has claimed it again.

    Two may remove a function, and the first decides: its thread, once the function has returned,
    or `cancel`, which interrupts it.
    """

    def cancel(self, job_ids: Collection[str]) -> None:
        """Raise `JobCancelled` once in the function of each of these jobs that is running."""
        for key in list(self):
            if key[0] in job_ids and (interrupt := self.pop(key, None)):
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
        self._thread = threading.get_ident()
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
        key = (job_id, self._thread)
        try:
            self._running[key] = self._interrupt
            if seconds is None:
                return work(*args, **kwargs)
            return self._watchdog.call(job_id, seconds, work, args, kwargs)
        finally:
            # Not in a function: the exception may arrive at the first step of its call.
            while True:
                try:
                    self._leave(key)
                except JobCancelled:
                    continue
                break
            if self._interrupt.fired:
                self._interrupt.reset()
                self._watchdog.on_interrupted()

    def _leave(self, key: tuple[str, int]) -> None:
        """Note that a function has ended. If the thread is interrupted here, it calls it again."""
        if not self._running.pop(key, None):
            self._interrupt.withdraw()


def _cancelled() -> JobCancelled:
    return JobCancelled(WHILE_RUNNING)
