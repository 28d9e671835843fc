"""Waits for the end of a batch, in tests and scripts."""

from __future__ import annotations

import time
from collections.abc import Callable

from django_jobs.jobs.batches import BatchRecord
from django_jobs.waits import capped

SHORTEST, LONGEST = 0.01, 0.5
"""Seconds between two looks at a batch, which grow."""


def wait_for_end(read: Callable[[], BatchRecord], timeout: float) -> None:
    """Read a batch again and again until it has ended.

    Args:
        read: returns the batch as it is now.
        timeout: seconds after which this gives up.

    Raises:
        TimeoutError: the batch has not ended.
    """
    gives_up, pause = time.monotonic() + timeout, SHORTEST
    while (batch := read()).ended_at is None:
        left = gives_up - time.monotonic()
        if not left > 0:
            raise TimeoutError(
                f"{batch.counts.open:,} of {batch.counts.total:,} jobs of the batch {batch.id} have"
                f" not ended after {timeout:g} s. Does a worker run their queues?"
            )
        time.sleep(capped(min(pause, left)))
        pause = min(2 * pause, LONGEST)
