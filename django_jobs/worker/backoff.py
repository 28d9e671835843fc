"""The pauses after failed calls to the broker, and one log line for each outage."""

from __future__ import annotations

import logging

logger = logging.getLogger("django_jobs")

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0)
"""Seconds before each next try; the last one is repeated."""


class BrokerBackoff:
    """Counts failures of one kind of call in a row.

    Args:
        what: the failing call, for the log line "Can't … at the moment".
        unreported: how many failures in a row are not logged here, as another part reports them.
    """

    def __init__(self, what: str, unreported: int = 0) -> None:
        self._what = what
        self._unreported = unreported
        self._failures = 0

    def failed(self, error: Exception) -> float:
        """Note a failure, and return seconds to wait before the next try."""
        self._failures += 1
        if self._failures == self._unreported + 1:
            logger.error("Can't %s at the moment, and will keep trying: %s", self._what, error)
        return PAUSES[min(self._failures, len(PAUSES)) - 1]

    def over(self) -> None:
        """Note a success."""
        if self._failures > self._unreported:
            logger.warning("Can %s again, after %d failures.", self._what, self._failures)
        self._failures = 0
