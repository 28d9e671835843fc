"""What the exchange loop and the listener loop share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django_jobs.brokers.messages import Reply
from django_jobs.worker.run.executors import Executors

from .in_flight import InFlight
from .mode import Changes, Lease, ModeSwitch
from .room import Room


class Outlook:
    """What the worker knows about its queues. Safe to use from both loops.

    Attributes:
        empty: whether the last call that asked for jobs got fewer than it could take.
        listening: whether the listener is, or is about to be, in `session.listen`.
        owes_look: whether the listener was woken for a queue that it did not know. Its jobs wait
            for an exchange that takes them, or wakes another worker.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._due_at: float | None = None
        self.empty = False
        self.listening = False
        self.owes_look = False

    def update(self, reply: Reply, limit: int) -> None:
        """Note what a reply says to a call that could take `limit` jobs."""
        if reply.must_beat:  # the broker did not look
            self.empty = False
            return
        if limit:
            # A call puts only so many jobs aside; others may stand behind them.
            puts_aside = reply.newest_format or reply.has_more
            self.empty = len(reply.claims) < limit and not puts_aside
        if reply.due_in is not None:
            self._note_due(self._clock() + reply.due_in / 1000)

    def doubt(self) -> None:
        """Have the exchange loop look at once: nothing is known after a call that failed."""
        self.empty = False
        self._note_due(self._clock())

    def note_new_queues(self) -> None:
        """Have the exchange loop look at once: the listener was woken for jobs of a new queue."""
        self.owes_look = True
        self.doubt()

    def _note_due(self, at: float) -> None:
        # The earliest of all counts: too early costs one call, too late would let a job wait.
        with self._lock:
            self._due_at = at if self._due_at is None else min(at, self._due_at)

    def forget_due(self) -> None:
        """Forget when a job is due before an exchange, whose reply says it."""
        self.owes_look = False
        with self._lock:
            self._due_at = None

    @property
    def due_in(self) -> float | None:
        """Seconds until a job is due, or None if none is known; 0 or less if it is due."""
        at = self._due_at
        return None if at is None else at - self._clock()


@dataclass(frozen=True, slots=True)
class FetchState:
    """The state of a worker's fetching; each part is safe to use from all threads.

    Attributes:
        changes: what both loops wait on.
        mode: whether the worker takes jobs, and when it is finished.
        lease: whether the broker surely knows the worker.
        in_flight: what the worker holds, and what it has not reported.
        room: how many jobs it can take.
        outlook: what the replies say about the queues.
        executors: run the jobs.
    """

    changes: Changes
    mode: ModeSwitch
    lease: Lease
    in_flight: InFlight
    room: Room
    outlook: Outlook
    executors: Executors

    @property
    def may_take(self) -> bool:
        """Whether the worker may take and start jobs."""
        return self.mode.takes_jobs and self.lease.holds()
