"""The time limit of one attempt, and how it interrupts what runs too long."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from enum import Enum

from django_jobs.errors import TaskTimeout
from django_jobs.timeouts.blocks import this_thread

INSTANT = 0.0001
"""Seconds between two checks of whether an interruption was sent."""


class Event(Enum):
    """The two events of a limit: the first one decides."""

    FIRE = "fire"
    END = "end"


class Limit:
    """The time limit of one attempt.

    It has no lock: the thread of the attempt may be interrupted between acquiring one and entering
    the block that releases it, and then the lock would be held forever.

    Args:
        job_id: of the job, for reports.
        interrupt: stops the attempt; called only while the attempt is running.
    """

    def __init__(self, job_id: str, interrupt: Callable[[], None]) -> None:
        self.job_id = job_id
        self.running = True
        self.fired = False
        self._interrupt = interrupt
        self._interrupted = False
        self._first: dict[None, Event] = {}

    def fire(self) -> bool:
        """Interrupt the attempt unless it has ended; return whether it is still running."""
        if not self.fired and self._first_is(Event.FIRE):
            self.fired = True
            self._interrupt()
            self._interrupted = True
        return self.running

    def end(self) -> None:
        """Note that the attempt has ended; from now on nothing interrupts its thread.

        If the thread is interrupted in this method, it calls it again.
        """
        self.running = False
        if not self._first_is(Event.END):
            self._await_interruption()

    def _await_interruption(self) -> None:
        """Wait until an interruption that is being sent was sent."""
        while not self._interrupted:
            time.sleep(INSTANT)

    def _first_is(self, event: Event) -> bool:
        """Return whether this event is the first of the two, in one atomic step."""
        return self._first.setdefault(None, event) is event


class ThreadLimit(Limit):
    """The time limit of code that the calling thread is about to run.

    `TaskTimeout` arrives between two steps of Python code, except in `uninterrupted` blocks.

    Args:
        job_id: of the job, for reports.
        seconds: the limit, for the error message.
    """

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(job_id, self._strike)
        self._message = too_long(seconds)
        self._ident = threading.get_ident()
        self._thread = this_thread()
        self._outer = self._thread.limits
        self._arrived = False

    def begin(self) -> None:
        """Register the limit with its thread."""
        self._thread.limits = (*self._outer, self)

    def end(self) -> None:
        super().end()
        if self.fired:
            self._forget()  # a late exception would interrupt the thread's next job
        self._thread.limits = self._outer

    def deliver(self) -> None:
        """Raise `TaskTimeout` now if the limit has fired and the exception has not arrived."""
        if not self.fired or self._arrived:
            return
        self._await_interruption()
        self._forget()
        if not self._arrived:
            raise self._error()

    def _strike(self) -> None:
        # The thread enters a block, then checks whether the limit has fired. The limit fires, then
        # checks for a block. So at least one of the two sees the other.
        if not self._thread.blocks:
            _set_exception(self._ident, ctypes.py_object(_raised_as(self._error)))

    def _forget(self) -> None:
        _set_exception(self._ident, None)

    def _error(self) -> TaskTimeout:
        self._arrived = True
        return TaskTimeout(self._message)


def too_long(seconds: float) -> str:
    """Return the message of the error of an attempt that exceeded its timeout."""
    return f"It took longer than its timeout of {seconds:g} s."


def _raised_as(make: Callable[[], BaseException]) -> type[BaseException]:
    """Return a class that the interpreter calls when it raises it, and that returns the error."""

    class Raised(BaseException):
        def __new__(cls, made: BaseException | None = None) -> BaseException:  # type: ignore[misc]
            return made or make()  # Python 3.11 passes the error, as its class differs

    return Raised


def _set_exception(thread: int, kind: ctypes.py_object[type[BaseException]] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
