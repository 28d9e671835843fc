"""Whether a worker takes jobs: its mode and its lease, and the condition that wakes its loops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import Enum

from django_jobs.clock import uptime
from django_jobs.waits import capped, wait_out


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


class Mode(Enum):
    """The modes of a worker. It never goes back to an earlier one."""

    RUNNING = "takes jobs, and listens for new ones"
    DRAINING = "takes jobs, and is finished when the queues are empty"
    QUIET = "takes no jobs, and stays"
    RETIRING = "takes no jobs, and is finished when those that it holds have ended"
    CLOSING = "sends what is left, and ends"


TAKING = (Mode.RUNNING, Mode.DRAINING)


class ModeSwitch:
    """The mode of one worker. Safe to use from all threads."""

    def __init__(self, changes: Changes, mode: Mode = Mode.RUNNING) -> None:
        self._lock = threading.Lock()
        self._changes = changes
        self.current = mode

    @property
    def takes_jobs(self) -> bool:
        return self.current in TAKING

    def drain(self) -> None:
        """Finish when the queues are empty; a quiet worker finishes with the jobs that it holds."""
        self._switch({Mode.RUNNING: Mode.DRAINING, Mode.QUIET: Mode.RETIRING})

    def quiet(self) -> bool:
        """Take no more jobs. Returns whether the worker took jobs until now."""
        return self._switch({Mode.RUNNING: Mode.QUIET, Mode.DRAINING: Mode.RETIRING})

    def retire(self) -> None:
        """Take no more jobs, and finish when those that the worker holds have ended."""
        self._switch(dict.fromkeys((*TAKING, Mode.QUIET), Mode.RETIRING))

    def close(self) -> None:
        """Send what is left, and end."""
        self._switch(dict.fromkeys(Mode, Mode.CLOSING))

    def _switch(self, moves: Mapping[Mode, Mode]) -> bool:
        with self._lock:
            before, self.current = self.current, moves.get(self.current, self.current)
            has_changed = self.current is not before
        self._changes.notify()
        return has_changed


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
