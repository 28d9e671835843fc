"""Watches how much memory the process of a worker takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from .host import resident_memory

logger = logging.getLogger("django_jobs")

MEGABYTE = 1024 * 1024

LOOK = 1.0
"""Seconds between two looks."""


class MemoryWatch:
    """Reports once that the process takes more memory than it may.

    Args:
        megabytes: how many the process may have in RAM, or None for no limit.
        on_exceeded: called with a sentence that says how many it has.
    """

    def __init__(self, megabytes: int | None, on_exceeded: Callable[[str], None]) -> None:
        self._megabytes = megabytes
        self._on_exceeded = on_exceeded
        self._over = threading.Event()

    def run(self) -> None:
        """Look until the limit is exceeded or the watch is stopped."""
        if self._megabytes is None or self._is_exceeded_at_the_start():
            return
        while not self._over.wait(LOOK):
            taken = _megabytes_taken()
            if taken > self._megabytes:
                self._on_exceeded(
                    f"This process takes {taken:,} MB, more than the {self._megabytes:,} MB of"
                    " max_memory"
                )
                return

    def stop(self) -> None:
        self._over.set()

    def _is_exceeded_at_the_start(self) -> bool:
        """Return whether a fresh process is too large: its replacement would be so, too."""
        taken = _megabytes_taken()
        if self._megabytes is None or taken <= self._megabytes:
            return False
        logger.error(
            "max_memory has no effect: it is %s MB, and this process takes %s MB before its first"
            " job. Raise it.",
            f"{self._megabytes:,}",
            f"{taken:,}",
        )
        return True


def _megabytes_taken() -> int:
    return (resident_memory() or 0) // MEGABYTE
