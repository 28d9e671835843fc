"""How long a thread waits at a time: every wait of the package takes its bound from here."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 10.0
"""Seconds after which a thread that waits looks around, whether or not anything happened."""


def capped(seconds: float | None = None) -> float:
    """Return how long to wait now: at least 0 and at most `LONGEST` seconds.

    `threading` raises OverflowError for waits of more than 292 years. A loop that computes its
    wait from stored times needs no longer one than this, as it looks again afterwards.

    Args:
        seconds: until there is something to do; None if that is not known.
    """
    if seconds is None or not seconds < LONGEST:  # written so that NaN is capped, too
        return LONGEST
    return max(0.0, seconds)


def wait_out(wait: Callable[[float], bool], seconds: float | None) -> bool:
    """Wait for as long as it takes, in several waits if need be.

    Args:
        wait: waits up to the given seconds, and tells whether what it waits for has come, as
            `Event.wait` does.
        seconds: in all; None for no end.

    Returns:
        Whether it has come.
    """
    if seconds is None:
        while not wait(capped()):
            pass
        return True
    end = time.monotonic() + seconds
    while not (has_come := wait(capped(end - time.monotonic()))) and time.monotonic() < end:
        pass
    return has_come
