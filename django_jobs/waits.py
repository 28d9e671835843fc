"""The longest time that a thread of this package waits before it checks for work again."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 10.0
"""Seconds after which every wait ends, even if nothing has happened."""


def capped(seconds: float | None = None) -> float:
    """Return how long to wait now: at least 0 and at most `LONGEST` seconds.

    `threading` raises OverflowError for waits of more than 292 years. A loop that computes its
    wait from stored times can do with shorter waits, since it looks again after each.

    Args:
        seconds: until there is something to do, or None if unknown.
    """
    if seconds is None or not seconds < LONGEST:  # written so that NaN is capped, too
        return LONGEST
    return max(0.0, seconds)


def wait_out(wait: Callable[[float], bool], seconds: float | None) -> bool:
    """Wait as long as necessary, in several shorter waits.

    Args:
        wait: waits up to the given number of seconds, and returns whether the event happened, as
            `Event.wait` does.
        seconds: in total; None to wait without a limit.

    Returns:
        Whether the event happened.
    """
    if seconds is None:
        while not wait(capped()):
            pass
        return True
    end = time.monotonic() + seconds
    while not (has_come := wait(capped(end - time.monotonic()))) and time.monotonic() < end:
        pass
    return has_come
