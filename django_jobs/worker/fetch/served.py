"""The queues that a worker serves."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import Share
from django_jobs.conf.queues import QueueWeight

from .plan import strict_shares, weighted_shares

OUTDATED = 1.0
"""Seconds after which a busy worker of every queue looks which queues there are."""


class ServedQueues:
    """Named queues, or every queue that there is.

    Args:
        queues: what is served; empty for every queue, alike.
        strict: whether an earlier queue goes before a later one, whatever the weights.
        inspection: tells which queues there are.
    """

    def __init__(
        self, queues: Sequence[QueueWeight], *, strict: bool, inspection: Inspection
    ) -> None:
        self.names = tuple(queue.name for queue in queues)
        self._queues = tuple(queues)
        self._strict = strict
        self._inspection = inspection
        self._refreshed_at = -math.inf

    @property
    def is_outdated(self) -> bool:
        """Whether there may be queues that are new, as is looked for also while there is work."""
        return not self.names and time.monotonic() - self._refreshed_at > OUTDATED

    def refresh(self) -> bool:
        """Look for queues that are new, if every queue is served; tell whether there are some."""
        if self.names:
            return False
        self._refreshed_at = time.monotonic()
        before = self._queues
        self._queues = tuple(QueueWeight(name) for name in self._inspection.queue_names())
        return not set(self._queues) <= set(before)

    def shares(self, limit: int) -> list[Share]:
        """Return what each queue may give of so many jobs."""
        choose = strict_shares if self._strict else weighted_shares
        return choose(self._queues, limit)
