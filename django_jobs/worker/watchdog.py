"""Time limits: one thread that interrupts attempts which take too long."""

from __future__ import annotations

import ctypes
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django_jobs.errors import TaskTimeout

STUCK_AFTER = 10.0
"""Seconds after its interruption at which an attempt that still runs is reported as stuck."""


class Limit:
    """The time limit of one attempt.

    Args:
        job_id: of the job, for the report.
        interrupt: what stops the attempt; called while it surely runs.
    """

    def __init__(self, job_id: str, interrupt: Callable[[], None]) -> None:
        self.job_id = job_id
        self.fired = False
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._running = True

    def fire(self) -> bool:
        """Interrupt the attempt unless it has ended; tell whether it is still running."""
        with self._lock:
            if self._running and not self.fired:
                self.fired = True
                self._interrupt()
            return self._running

    def end(self) -> None:
        """Say that the attempt has ended; from here on nothing interrupts its thread."""
        with self._lock:
            self._running = False


class Watchdog:
    """Watches the limits of all attempts of one worker.

    Args:
        on_stuck: told the id of a job that could not be interrupted.
    """

    def __init__(self, on_stuck: Callable[[str], None]) -> None:
        self._on_stuck = on_stuck
        self._limits: list[tuple[float, int, Limit]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self.stuck: dict[str, None] = {}

    def watch(self, limit: Limit, seconds: float) -> None:
        """Fire a limit after so many seconds."""
        with self._changed:
            heapq.heappush(self._limits, (time.monotonic() + seconds, next(self._numbers), limit))
            self._changed.notify()

    def run(self) -> None:
        """Fire limits when they are due, until stopped."""
        while not self._stopped:
            limit = self._next()
            if limit is None:
                continue
            if limit.fired and limit.fire():
                self.stuck[limit.job_id] = None
                self._on_stuck(limit.job_id)
            elif limit.fire():
                self.watch(limit, STUCK_AFTER)

    def _next(self) -> Limit | None:
        """Wait for the next limit that is due."""
        with self._changed:
            now = time.monotonic()
            if self._limits and self._limits[0][0] <= now:
                return heapq.heappop(self._limits)[2]
            self._changed.wait(self._limits[0][0] - now if self._limits else None)
            return None

    def close(self) -> None:
        """Let `run` end."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @contextmanager
    def limited(self, job_id: str, seconds: float | None) -> Iterator[None]:
        """Raise `TaskTimeout` in this thread if the block takes longer than so many seconds.

        The exception arrives between two steps of Python code; a call into C that does not come
        back can't be interrupted, and is reported as stuck.
        """
        if seconds is None:
            yield
            return
        thread = threading.get_ident()
        limit = Limit(job_id, lambda: _raise_in(thread))
        try:
            self.watch(limit, seconds)
            yield
        finally:
            _end(limit)
            self.stuck.pop(job_id, None)


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
