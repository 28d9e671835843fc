"""Threads that restart their loop when it fails, and report it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from django_jobs.logs.fields import CURRENT_WORKER

logger = logging.getLogger("django_jobs")

MAX_FAILURES = 5
"""Failures in a row after which the worker gives up."""

PAUSE = 1.0
"""Seconds between a failure and the next try."""

SOUND = 60.0
"""Seconds without a failure after which the earlier ones are forgotten."""

STALLED = 60.0
"""Seconds without a step of a loop after which a worker counts as hanging."""


def supervised(
    name: str, loop: Callable[[], None], on_fatal: Callable[[], None]
) -> threading.Thread:
    """Return a daemon thread that runs a loop, and runs it again if it fails.

    Its log lines have the same worker as those of the code that calls this.

    Args:
        name: of the thread.
        loop: returns when it is told to stop.
        on_fatal: called after the loop has failed `MAX_FAILURES` times in a row.
    """
    worker = CURRENT_WORKER.get()

    def run() -> None:
        CURRENT_WORKER.set(worker)
        failures = 0
        while failures < MAX_FAILURES:
            began = time.monotonic()
            try:
                loop()
            except BaseException:
                with suppress(BaseException):  # a handler of the log may fail, too
                    logger.exception("The loop %s failed. This is a bug in django_jobs.", name)
            else:
                return
            failures = 1 if time.monotonic() - began > SOUND else failures + 1
            threading.Event().wait(PAUSE)
        with suppress(BaseException):
            logger.critical("The loop %s keeps failing: the worker can't go on.", name)
        on_fatal()

    return threading.Thread(target=run, name=f"django-jobs-{name}", daemon=True)
