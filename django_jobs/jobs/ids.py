"""Unique ids of jobs, generated in blocks."""

from __future__ import annotations

import os
import time

AHEAD = 32
"""How many ids are generated at once: the system call costs about as much as this many ids."""


def new_job_ids(number: int) -> list[str]:
    """Return this many new ids of 24 hexadecimal digits: 96 random bits, as in Sidekiq."""
    return [_stock.take()] if number == 1 else _draw(number)


def new_job_id() -> str:
    """Return a new id."""
    return _stock.take()


class _IdPool:
    """Ids that were generated ahead, for one process and one second.

    `os.urandom` releases the GIL. If threads of this process run its jobs, each id would let them
    interrupt the caller. Unused ids are dropped: the child of a fork has copies of them, and so has
    a machine that was cloned while it ran.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._drawn = (0, 0)

    def take(self) -> str:
        here = os.getpid(), int(time.monotonic())
        if self._drawn != here or not self._ids:
            self._ids, self._drawn = _draw(AHEAD), here
        try:
            return self._ids.pop()
        except IndexError:  # other threads were faster
            return _draw(1)[0]


def _draw(number: int) -> list[str]:
    digits = os.urandom(12 * number).hex()
    return [digits[start : start + 24] for start in range(0, 24 * number, 24)]


_stock = _IdPool()
