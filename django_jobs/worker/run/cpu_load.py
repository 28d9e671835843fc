"""Whether one more thread would find the interpreter free."""

from __future__ import annotations

import time

ENOUGH = 0.5
"""Part of one core at which more threads would only wait for each other."""

WINDOW = 0.005
"""Seconds over which it is measured."""


class Load:
    """Compares the CPU time of this process with the time that passes."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._used = time.process_time()
        self._leaves_room = True

    def leaves_room(self) -> bool:
        """Tell whether the process has lately been idle for a good part of the time."""
        now = time.monotonic()
        if now - self._since >= WINDOW:
            used = time.process_time()
            self._leaves_room = used - self._used < ENOUGH * (now - self._since)
            self._since, self._used = now, used
        return self._leaves_room
