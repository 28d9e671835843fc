"""Reports jobs that a worker does not know, however many there are, in a few lines."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django_jobs.brokers.constants import UNKNOWN_FORMAT_MESSAGE
from django_jobs.logs.fields import JOB_LOGGER

logger = logging.getLogger(JOB_LOGGER)

PAUSE = 300.0
"""Seconds between two lines about the same thing."""

MOST = 100
"""How many things are told apart. Names of tasks come from outside."""


class UnknownJobs:
    """Says once in a while which jobs wait for another worker, and what to do.

    Args:
        alias: of the backend.
        worker: id of the worker.
    """

    def __init__(
        self, alias: str, worker: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._extra = {"backend": alias, "worker": worker}
        self._clock = clock
        self._reported: dict[str, float] = {}

    def report(self, task: str, reason: str) -> None:
        """Report that a job of a task was postponed."""
        if self._is_time(task):
            logger.warning(
                "Jobs of %s wait for a worker that knows them, and cost no attempt: %s Deploy the"
                " code that has it to all workers; if it is gone for good, delete these jobs.",
                *(task[:200], reason),
                extra={**self._extra, "task": task},
            )

    def report_format(self, newest: int) -> None:
        """Report that jobs of a later release were postponed."""
        if self._is_time(f"format {newest}"):
            logger.warning(
                "Jobs wait for a worker that knows them, and cost no attempt: %s",
                UNKNOWN_FORMAT_MESSAGE % newest,
                extra=self._extra,
            )

    def _is_time(self, what: str) -> bool:
        now = self._clock()
        reported = self._reported.get(what)
        if reported is not None and now - reported < PAUSE:
            return False
        if len(self._reported) >= MOST:
            self._reported.clear()
        self._reported[what] = now
        return True
