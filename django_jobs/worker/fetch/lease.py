"""Until when the worker surely keeps its claims, by its own clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django_jobs.clock import uptime
from django_jobs.waits import wait_out

from .changes import Changes


class Lease:
    """The worker's lease. Only an answered heartbeat renews it. Safe to use from all threads.

    Args:
        seconds: how long it lasts after a heartbeat was sent.
        changes: notified when the lease holds again.
        clock: counts seconds, with those that the machine slept.
    """

    def __init__(
        self, seconds: float, changes: Changes, clock: Callable[[], float] = uptime
    ) -> None:
        self.seconds = seconds
        self._changes = changes
        self._clock = clock
        self._until = 0.0
        self._beat_wanted = threading.Event()

    def holds(self) -> bool:
        """Return whether the lease surely holds."""
        return self._clock() < self._until

    def renew(self, sent_at: float) -> None:
        """Note that a heartbeat was answered, which was sent at this time of the lease's clock."""
        held_before = self.holds()
        self._until = sent_at + self.seconds
        if not held_before:
            self._changes.notify()

    def end(self) -> None:
        """Start and take nothing until the next heartbeat: the broker knows no lease."""
        self._until = 0.0
        self.ask_for_beat()

    def ask_for_beat(self) -> None:
        """Ask the heartbeat loop for a heartbeat at once."""
        self._beat_wanted.set()

    def wait_for_beat(self, seconds: float) -> None:
        """Wait until the next heartbeat is due in so many seconds, or somebody asks for one."""
        wait_out(self._beat_wanted.wait, seconds)
        self._beat_wanted.clear()
