"""How many jobs a worker takes ahead of those that it can start at once."""

from __future__ import annotations

import time
from collections.abc import Callable

AHEAD = 0.05
"""Seconds of work that a worker takes ahead."""

MAX_AHEAD = 600
"""Jobs: twice as many as run while the next ones are fetched."""

WINDOW = 0.01
"""Seconds over which the rate is measured."""


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
