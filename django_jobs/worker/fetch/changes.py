"""The condition that the exchange loop and the listener loop wait on."""

from __future__ import annotations

import threading

from django_jobs.waits import capped


class Changes:
    """Counts what may give a loop something to do, so that no change between two steps is missed.

    Attributes:
        count: how many there were. A loop reads it before a step and waits for a higher one.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.Lock())
        self.count = 0

    def notify(self) -> None:
        """Wake the loops that wait: something has changed."""
        with self._condition:
            self.count += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Wait for a change after the `seen`-th one, for at most so many seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self.count != seen, capped(seconds))
