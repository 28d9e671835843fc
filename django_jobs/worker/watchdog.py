"""Time limits: one thread that interrupts attempts which take too long."""

from __future__ import annotations

import ctypes
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from django_jobs.errors import TaskTimeout
from django_jobs.waits import capped

T = TypeVar("T")

STUCK_AFTER = 10.0

INSTANT = 0.0001
"""Seconds between two looks at whether an interruption, which is being sent, is on its way."""

MANY = 1000
"""Limits, most of them of attempts that ended long ago, from which on it is worth to tidy up."""


class Event(Enum):
    """What happens to a limit: one of the two comes first, and decides."""

    FIRE = "fire"
    END = "end"


class Limit:
    """The time limit of one attempt.

    It has no lock. The thread of the attempt may be interrupted between taking one and entering
    the block that gives it back, and then nobody could take it again.

    Args:
        job_id: of the job, for the report.
        interrupt: what stops the attempt; called while it surely runs.
        take_back: undoes an interruption that has not arrived when the attempt ends.
    """

    def __init__(
        self,
        job_id: str,
        interrupt: Callable[[], None],
        take_back: Callable[[], None] | None = None,
    ) -> None:
        self.job_id = job_id
        self.running = True
        self.fired = False
        self._interrupt = interrupt
        self._take_back = take_back
        self._interrupted = False
        self._first: dict[None, Event] = {}

    def fire(self) -> bool:
        """Interrupt the attempt unless it has ended; tell whether it is still running."""
        if not self.fired and self._first_is(Event.FIRE):
            self.fired = True
            self._interrupt()
            self._interrupted = True
        return self.running

    def end(self) -> None:
        """Say that the attempt has ended; from here on nothing interrupts its thread.

        A thread that is interrupted in here calls it again.
        """
        self.running = False
        while not self._first_is(Event.END) and not self._interrupted:
            time.sleep(INSTANT)
        if self.fired and self._take_back is not None:
            self._take_back()

    def _first_is(self, event: Event) -> bool:
        """Return whether this happens, or has happened, before the other: a single step."""
        return self._first.setdefault(None, event) is event


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

    def call(self, job_id: str, seconds: float | None, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise `TaskTimeout` in it if it takes longer.

        The exception arrives between two steps of Python code; a call into C that does not come
        back can't be interrupted, and is reported as stuck.

        Args:
            job_id: of the job, for the report.
            seconds: how long it may take, or None for no limit.
        """
        if seconds is None:
            return work()
        thread = threading.get_ident()
        limit = Limit(job_id, lambda: _raise_in(thread), lambda: _forget_exception(thread))
        try:
            self.watch(limit, seconds)
            return work()
        except TaskTimeout as error:
            # The interpreter made it, from the bare class.
            error.args = error.args or (too_long(seconds),)
            raise
        finally:
            # Not in a function: the exception may arrive just now, at the first step of one.
            while True:
                try:
                    limit.end()
                except TaskTimeout:
                    continue
                break


def too_long(seconds: float) -> str:
    """Return what the error of an attempt says that took longer than permitted."""
    return f"It took longer than its timeout of {seconds:g} s."


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(TaskTimeout)
    )


def _forget_exception(thread: int) -> None:
    """Without this, an exception that has not arrived would hit the thread's next job."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
