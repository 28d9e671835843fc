"""The thread that interrupts attempts which exceed their timeout."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from django_jobs.errors import JobCancelled, TaskTimeout
from django_jobs.timeouts.blocks import uninterrupted
from django_jobs.waits import capped

from .limits import Limit, ThreadLimit

T = TypeVar("T")

NO_KWARGS: Mapping[str, Any] = MappingProxyType({})

STUCK_AFTER = 10.0

MANY = 1000
"""The number of limits from which it is worth removing those of ended attempts."""


class Watchdog:
    """Watches the limits of all attempts of one worker.

    Args:
        on_stuck: called with the id of a job that could not be interrupted.
        on_interrupted: called in a thread after its function was interrupted and has ended.
        stuck_after: seconds after the interruption from which a running attempt counts as stuck.
    """

    def __init__(
        self,
        on_stuck: Callable[[str], None],
        on_interrupted: Callable[[], None] = lambda: None,
        stuck_after: float = STUCK_AFTER,
    ) -> None:
        self._stuck_after = stuck_after
        self._on_stuck = on_stuck
        self.on_interrupted = on_interrupted
        self._limits: list[tuple[float, int, Limit]] = []
        self._many = MANY
        self._stuck: list[Limit] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    @property
    def stuck(self) -> tuple[str, ...]:
        """Ids of jobs that could not be interrupted and are still running."""
        with self._changed:
            self._stuck = [limit for limit in self._stuck if limit.running]
            return tuple(limit.job_id for limit in self._stuck)

    def watch(self, limit: Limit, seconds: float) -> None:
        """Fire a limit after this many seconds."""
        entry = (time.monotonic() + seconds, next(self._numbers), limit)
        with self._changed:
            self._tidy_up()
            heapq.heappush(self._limits, entry)
            if self._limits[0] is entry:
                self._changed.notify()

    def _tidy_up(self) -> None:
        """Remove the limits of ended attempts before they outnumber the others."""
        if len(self._limits) >= self._many:
            self._limits = [entry for entry in self._limits if entry[2].running]
            heapq.heapify(self._limits)
            self._many = max(MANY, 2 * len(self._limits))

    def run(self) -> None:
        """Fire limits at their time, until closed."""
        while not self._stopped:
            limit = self._next()
            if limit is None:
                continue
            again = limit.fired
            if limit.fire():
                self._follow_up(limit, again)

    def _follow_up(self, limit: Limit, again: bool) -> None:
        if again:
            with self._changed:
                self._stuck.append(limit)
            self._on_stuck(limit.job_id)
        else:
            self.watch(limit, self._stuck_after)

    def _next(self) -> Limit | None:
        """Wait for the next limit to fire, for a while; return it or None."""
        with self._changed:
            now = time.monotonic()
            if self._limits and self._limits[0][0] <= now:
                return heapq.heappop(self._limits)[2]
            self._changed.wait(capped(self._limits[0][0] - now if self._limits else None))
            return None

    def close(self) -> None:
        """End `run`."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def call(
        self,
        job_id: str,
        seconds: float | None,
        work: Callable[..., T],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = NO_KWARGS,
    ) -> T:
        """Return the result of `work`; raise `TaskTimeout` in it if it takes too long.

        The exception arrives between two steps of Python code. A call into C that does not return
        cannot be interrupted, and is reported as stuck.

        Args:
            job_id: of the job, for reports.
            seconds: the timeout, or None.
        """
        if seconds is None:
            return work(*args, **kwargs)
        limit = ThreadLimit(job_id, seconds)
        try:
            limit.begin()
            with uninterrupted:  # by a limit around this one, while the lock is held
                self.watch(limit, seconds)
            result = work(*args, **kwargs)
            time.monotonic()  # any call: Python 3.14 looks for the exception after it
            return result
        finally:
            # Not in a function: the exception may arrive at the first step of its call.
            while True:
                try:
                    limit.end()
                except (TaskTimeout, JobCancelled):
                    continue
                break
            if limit.fired:
                self.on_interrupted()
