"""Ids of jobs, the same nowhere else."""

from __future__ import annotations

import os
import time

AHEAD = 32
"""Ids that are drawn together: each draw costs about as much as so many ids."""


def new_job_ids(number: int) -> list[str]:
    """Return so many ids of 24 hexadecimal digits, 96 random bits as Sidekiq's."""
    return [_stock.take()] if number == 1 else _draw(number)


def new_job_id() -> str:
    """Return one."""
    return _stock.take()


class _IdPool:
    """Ids that were drawn ahead, for one process and one second.

    Who asks the system for random bits lets go of the interpreter. Where threads of the process run
    its jobs, they and the caller would change places at each of them. What is left is not used
    later, as the child of a fork has it too, and so has a machine that was copied while it ran.
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
