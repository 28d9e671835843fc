"""Growing pauses between the starts of processes that keep dying."""

from __future__ import annotations

import time

FIRST = 1.0
"""Seconds."""

LONGEST = 30.0


class RestartPauses:
    """Counts failures in a row; failures within one pause count once.

    Attributes:
        failures: how many there were in a row.
    """

    def __init__(self) -> None:
        self.failures = 0
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the pause after the last failure is over."""
        return time.monotonic() >= self._until

    @property
    def left(self) -> float:
        """The seconds that remain of the pause."""
        return max(0.0, self._until - time.monotonic())

    def failed(self) -> None:
        """Note a failure, and start a pause if none is running."""
        if self.is_over:
            self._until = time.monotonic() + min(LONGEST, FIRST * 2**self.failures)
            self.failures += 1

    def forget(self) -> None:
        """Forget the failures before."""
        self.failures = 0
