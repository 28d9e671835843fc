"""How many jobs a worker takes ahead of those that it can start at once."""

from __future__ import annotations

import time
from collections.abc import Callable

AHEAD = 0.05
"""Seconds of work that a worker takes ahead."""

MAX_AHEAD = 600
"""Jobs: as many as run while the next ones are fetched, and again."""

WINDOW = 0.01
"""Seconds over which the rate is measured."""


class Pace:
    """Follows how many jobs a worker finishes.

    Thousands of tiny jobs travel in large batches, and slow ones are not hoarded: what is taken
    ahead is what the worker has lately finished in `AHEAD` seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since = monotonic()
        self._finished = 0
        self.ahead = 0

    def finished(self, count: int) -> None:
        """Note that so many jobs were finished since the last call."""
        self._finished += count
        now = self._monotonic()
        elapsed = now - self._since
        if elapsed >= WINDOW:
            self.ahead = min(MAX_AHEAD, int(self._finished / elapsed * AHEAD))
            self._since, self._finished = now, 0

    def reset(self) -> None:
        """Take nothing ahead until the rate is known again."""
        self._since, self._finished, self.ahead = self._monotonic(), 0, 0
