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
"""Seconds between two looks at whether an interruption, which is being sent, is on its way."""


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
    """

    def __init__(self, job_id: str, interrupt: Callable[[], None]) -> None:
        self.job_id = job_id
        self.running = True
        self.fired = False
        self._interrupt = interrupt
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
        if not self._first_is(Event.END):
            self._await_interruption()

    def _await_interruption(self) -> None:
        """Return when an interruption that is being sent is on its way."""
        while not self._interrupted:
            time.sleep(INSTANT)

    def _first_is(self, event: Event) -> bool:
        """Return whether this happens, or has happened, before the other: a single step."""
        return self._first.setdefault(None, event) is event


class ThreadLimit(Limit):
    """The limit of what the calling thread is about to run.

    `TaskTimeout` arrives between two steps of Python code, except in `uninterrupted` blocks.

    Args:
        job_id: of the job, for the report.
        seconds: what the limit is, for the error.
    """

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(job_id, self._strike)
        self._message = too_long(seconds)
        self._ident = threading.get_ident()
        self._thread = this_thread()
        self._outer = self._thread.limits
        self._arrived = False

    def begin(self) -> None:
        """Let blocks of this thread know the limit."""
        self._thread.limits = (*self._outer, self)

    def end(self) -> None:
        super().end()
        if self.fired:
            self._forget()  # what has not arrived would hit the thread's next job
        self._thread.limits = self._outer

    def deliver(self) -> None:
        """Raise `TaskTimeout` now if the time is over and it has not arrived."""
        if not self.fired or self._arrived:
            return
        self._await_interruption()
        self._forget()
        if not self._arrived:
            raise self._error()

    def _strike(self) -> None:
        # The thread enters a block before it looks whether the limit has fired, and the limit has
        # fired before this looks for a block: one of the two sees the other.
        if not self._thread.blocks:
            _set_exception(self._ident, ctypes.py_object(_raised_as(self._error)))

    def _forget(self) -> None:
        _set_exception(self._ident, None)

    def _error(self) -> TaskTimeout:
        self._arrived = True
        return TaskTimeout(self._message)


def too_long(seconds: float) -> str:
    """Return what the error of an attempt says that took longer than permitted."""
    return f"It took longer than its timeout of {seconds:g} s."


def _raised_as(make: Callable[[], BaseException]) -> type[BaseException]:
    """Return a class whose call, which the interpreter makes as it raises, returns an error."""

    class Raised(BaseException):
        def __new__(cls, made: BaseException | None = None) -> BaseException:  # type: ignore[misc]
            return made or make()  # Python 3.11 brings what was made, which is of another class

    return Raised


def _set_exception(thread: int, kind: ctypes.py_object[type[BaseException]] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
