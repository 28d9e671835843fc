"""How many jobs a worker can take: those that start at once, and those ahead of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django_jobs.worker.run.executors import Executors

BATCH = 150
"""Settlements, or claims, of one call: it keeps Redis busy for about three milliseconds."""

AHEAD = 0.05
"""Seconds of work that a worker takes ahead."""

MAX_AHEAD = 600
"""Jobs: twice as many as run while the next ones are fetched."""

WINDOW = 0.01
"""Seconds over which the rate is measured."""


class Room:
    """Counts the jobs promised to calls under way, so that no thread is promised twice.

    Args:
        executors: run the jobs.
        max_jobs: how many jobs to take in all, or None for no limit.

    Attributes:
        promised: how many jobs the calls under way may bring.
        taken: how many jobs were taken and not given back unstarted.
    """

    def __init__(self, executors: Executors, max_jobs: int | None = None) -> None:
        self._lock = threading.Lock()
        self._executors = executors
        self._max_jobs = max_jobs
        self.promised = 0
        self.taken = 0

    def free(self, ahead: int = 0) -> int:
        """Return how many jobs a call could ask for now.

        Args:
            ahead: how many jobs may wait in this worker besides those that start at once.
        """
        promised = self.promised
        room = self._executors.free + ahead - self._executors.waiting - promised
        left = BATCH if self._max_jobs is None else self._max_jobs - self.taken - promised
        return max(0, min(room, BATCH, left))

    def promise(self, ahead: int = 0) -> int:
        """Promise a call all that is free, and return how many jobs that is."""
        with self._lock:
            limit = self.free(ahead)
            self.promised += limit
            return limit

    def release(self, limit: int) -> None:
        """Note that a call was answered, and its jobs were handed over; or that it was given up."""
        with self._lock:
            self.promised -= limit

    def count_taken(self, jobs: int) -> None:
        """Note that jobs were taken, or with a negative number, given back unstarted."""
        with self._lock:
            self.taken += jobs

    @property
    def is_used_up(self) -> bool:
        """Whether the worker has taken as many jobs as it may."""
        return self.taken == self._max_jobs


class Prefetch:
    """Follows how many jobs the worker finishes.

    Tiny jobs travel in large batches, and slow ones are not hoarded: the worker takes as many jobs
    ahead as it has lately finished in `AHEAD` seconds.

    Attributes:
        ahead: how many jobs may wait in the worker.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._finished = 0
        self.ahead = 0

    def finished(self, count: int) -> None:
        """Note that so many jobs were finished since the last call."""
        self._finished += count
        now = self._clock()
        elapsed = now - self._since
        if elapsed >= WINDOW:
            self.ahead = min(MAX_AHEAD, int(self._finished / elapsed * AHEAD))
            self._since, self._finished = now, 0

    def reset(self) -> None:
        """Take nothing ahead until the rate is known again."""
        self._since, self._finished, self.ahead = self._clock(), 0, 0
