"""The time limit of one attempt, and how it interrupts what runs too long."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from django_jobs.errors import TaskTimeout
from django_jobs.timeouts.blocks import this_thread
from django_jobs.timeouts.interrupts import INSTANT, ThreadInterrupt


class Event(Enum):
    """The two events of a limit: the first one decides."""

    FIRE = "fire"
    END = "end"


class Limit:
    """The time limit of one attempt.

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
            while not self._interrupted:
                time.sleep(INSTANT)

    def _first_is(self, event: Event) -> bool:
        """Return whether this event is the first of the two, in one atomic step."""
        return self._first.setdefault(None, event) is event


class ThreadLimit(Limit):
    """The time limit of code that the calling thread is about to run.

    Args:
        job_id: of the job, for reports.
        seconds: the limit, for the error message.
    """

    def __init__(self, job_id: str, seconds: float) -> None:
        self._thread_interrupt = ThreadInterrupt(lambda: TaskTimeout(too_long(seconds)))
        super().__init__(job_id, self._thread_interrupt.fire)
        self._thread = this_thread()
        self._outer = self._thread.limits

    def begin(self) -> None:
        """Register the limit with its thread."""
        self._thread.limits = (*self._outer, self._thread_interrupt)

    def end(self) -> None:
        super().end()
        if self.fired:
            self._thread_interrupt.withdraw()
        self._thread.limits = self._outer


def too_long(seconds: float) -> str:
    """Return the message of the error of an attempt that exceeded its timeout."""
    return f"It took longer than its timeout of {seconds:g} s."
