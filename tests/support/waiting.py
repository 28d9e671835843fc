"""How tests wait for what other threads and processes do: for events, with generous deadlines."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE = 90.0
"""Seconds after which a test that waits for something fails; far more than it ever takes."""

NOTHING_HAPPENS = 0.3
"""Seconds for which a test watches that nothing happens; a slow machine cannot fail it."""

INTERVAL = 0.01
"""Seconds between two looks at a condition."""


def wait_until(
    condition: Callable[[], object],
    what: str | Callable[[], str] = "the condition",
    deadline: float = DEADLINE,
) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: is called again and again until it returns something true.
        what: what is waited for, or a function that describes what is there instead.
        deadline: seconds to wait at most.

    Raises:
        AssertionError: The condition did not hold in time.
    """
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            described = what if isinstance(what, str) else what()
            raise AssertionError(f"Timed out after {deadline:g} s: {described}")
        time.sleep(INTERVAL)
