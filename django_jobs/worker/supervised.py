"""Threads that never die unnoticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger("django_jobs")

MAX_FAILURES = 5
PAUSE = 1.0


def supervised(
    name: str, loop: Callable[[], None], on_fatal: Callable[[], None]
) -> threading.Thread:
    """Return a daemon thread that runs a loop, and runs it again if it fails.

    Args:
        name: of the thread.
        loop: returns when it is told to stop.
        on_fatal: called after the loop has failed `MAX_FAILURES` times.
    """

    def run() -> None:
        for _ in range(MAX_FAILURES):
            try:
                loop()
            except Exception:
                logger.exception("The loop %s failed, which is a fault of django_jobs.", name)
                pause.wait(PAUSE)
            else:
                return
        logger.critical("The loop %s keeps failing: the worker can't go on.", name)
        on_fatal()

    pause = threading.Event()
    return threading.Thread(target=run, name=f"django-jobs-{name}", daemon=True)
