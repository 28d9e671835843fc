"""Measures whether the interpreter has time for one more thread."""

from __future__ import annotations

import time

ENOUGH = 0.5
"""Share of one core above which more threads would only wait for each other."""

WINDOW = 0.005
"""Seconds over which the load is measured."""


class CpuLoad:
    """Compares the CPU time of this process with wall-clock time."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._used = time.process_time()
        self._leaves_room = True

    def leaves_room(self) -> bool:
        """Return whether the process has been idle for a good part of the last moments."""
        now = time.monotonic()
        if now - self._since >= WINDOW:
            used = time.process_time()
            self._leaves_room = used - self._used < ENOUGH * (now - self._since)
            self._since, self._used = now, used
        return self._leaves_room
