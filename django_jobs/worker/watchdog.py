"""Time limits: one thread that interrupts attempts which take too long."""

from __future__ import annotations

import ctypes
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django_jobs.errors import TaskTimeout
from django_jobs.waits import capped

STUCK_AFTER = 10.0

MANY = 1000
"""Limits, most of them of attempts that ended long ago, from which on it is worth to tidy up."""

UNLIMITED = nullcontext()


class Limit:
    """The time limit of one attempt.

    Args:
        job_id: of the job, for the report.
        interrupt: what stops the attempt; called while it surely runs.
    """

    def __init__(self, job_id: str, interrupt: Callable[[], None]) -> None:
        self.job_id = job_id
        self.running = True
        self.fired = False
        self._interrupt = interrupt
        self._lock = threading.Lock()

    def fire(self) -> bool:
        """Interrupt the attempt unless it has ended; tell whether it is still running."""
        with self._lock:
            if self.running and not self.fired:
                self.fired = True
                self._interrupt()
            return self.running

    def end(self) -> None:
        """Say that the attempt has ended; from here on nothing interrupts its thread."""
        with self._lock:
            self.running = False


class Watchdog:
    """Watches the limits of all attempts of one worker.

    Args:
        on_stuck: told the id of a job that could not be interrupted.
        stuck_after: seconds after its interruption at which an attempt that still runs counts as
            stuck.
    """

    def __init__(
        self, on_stuck: Callable[[str], None], *, stuck_after: float = STUCK_AFTER
    ) -> None:
        self._stuck_after = stuck_after
        self._on_stuck = on_stuck
        self._limits: list[tuple[float, int, Limit]] = []
        self._many = MANY
        self._stuck: list[Limit] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    @property
    def stuck(self) -> tuple[str, ...]:
        """Ids of jobs that could not be interrupted and still run."""
        with self._changed:
            self._stuck = [limit for limit in self._stuck if limit.running]
            return tuple(limit.job_id for limit in self._stuck)

    def watch(self, limit: Limit, seconds: float) -> None:
        """Fire a limit after so many seconds."""
        entry = (time.monotonic() + seconds, next(self._numbers), limit)
        with self._changed:
            self._tidy_up()
            heapq.heappush(self._limits, entry)
            if self._limits[0] is entry:
                self._changed.notify()

    def _tidy_up(self) -> None:
        """Forget the limits of attempts that have ended, before they are more than the others."""
        if len(self._limits) >= self._many:
            self._limits = [entry for entry in self._limits if entry[2].running]
            heapq.heapify(self._limits)
            self._many = max(MANY, 2 * len(self._limits))

    def run(self) -> None:
        """Fire limits when they are due, until stopped."""
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
        """Wait for the next limit that is due."""
        with self._changed:
            now = time.monotonic()
            if self._limits and self._limits[0][0] <= now:
                return heapq.heappop(self._limits)[2]
            self._changed.wait(capped(self._limits[0][0] - now if self._limits else None))
            return None

    def close(self) -> None:
        """Let `run` end."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def limited(self, job_id: str, seconds: float | None) -> AbstractContextManager[None]:
        """Raise `TaskTimeout` in this thread if the block takes longer than so many seconds.

        The exception arrives between two steps of Python code; a call into C that does not come
        back can't be interrupted, and is reported as stuck.
        """
        return UNLIMITED if seconds is None else self._limited(job_id, seconds)

    @contextmanager
    def _limited(self, job_id: str, seconds: float) -> Iterator[None]:
        thread = threading.get_ident()
        limit = Limit(job_id, lambda: _raise_in(thread))
        try:
            self.watch(limit, seconds)
            yield
        except TaskTimeout as error:
            # The interpreter made it, from the bare class.
            error.args = error.args or (too_long(seconds),)
            raise
        finally:
            _end(limit)


def too_long(seconds: float) -> str:
    """Return what the error of an attempt says that took longer than permitted."""
    return f"It took longer than its timeout of {seconds:g} s."


def _end(limit: Limit) -> None:
    """End a limit in the thread that it interrupts: the exception may arrive just now."""
    while True:
        try:
            limit.end()
        except TaskTimeout:
            continue
        break
    if limit.fired:
        # Not delivered yet, it would hit the next job of this thread.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), None)


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(TaskTimeout)
    )
