"""Waits until quiet workers have finished their running jobs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from django_jobs.brokers.inspection.base import Inspection

LOOK = 0.5
"""Seconds between two looks; a worker reports its running jobs a few times as seldom."""


@dataclass(frozen=True, slots=True)
class Busy:
    """What some workers still have to do.

    Attributes:
        running: ids of workers that are not quiet yet or still run jobs, with the number of these.
    """

    running: tuple[tuple[str, int], ...]

    @property
    def jobs(self) -> int:
        """How many jobs they run."""
        return sum(number for _, number in self.running)


def busy_workers(inspection: Inspection, ids: Collection[str]) -> Busy:
    """Return which of some workers are not idle; one that is gone is."""
    return Busy(
        tuple(
            (worker.id, len(worker.running))
            for worker in inspection.workers()
            if worker.id in ids and (worker.running or not worker.quiet)
        )
    )


def wait_until_idle(
    inspection: Inspection,
    ids: Collection[str],
    timeout: float | None,
    tell: Callable[[Busy], None],
) -> Busy:
    """Wait until workers that were told to be quiet are idle.

    Args:
        ids: of the workers.
        timeout: seconds to wait at most; None for as long as it takes.
        tell: called with what is left to do whenever it has changed.

    Returns:
        What is left to do, which is nothing unless the time was over.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    told = None
    while True:
        busy = busy_workers(inspection, ids)
        if not busy.running or time.monotonic() >= end:
            return busy
        if busy != told:
            tell(busy)
            told = busy
        time.sleep(LOOK)
