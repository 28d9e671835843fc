"""The queues that a worker serves."""

from __future__ import annotations

from collections.abc import Sequence

from django_jobs.brokers.call import Share
from django_jobs.brokers.inspection import Inspection
from django_jobs.queues import QueueWeight

from .plan import strict_shares, weighted_shares


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

    def refresh(self) -> bool:
        """Look for queues that are new, if every queue is served; tell whether there are some."""
        if self.names:
            return False
        before = self._queues
        self._queues = tuple(QueueWeight(queue.name) for queue in self._inspection.queues())
        return not set(self._queues) <= set(before)

    def shares(self, limit: int) -> list[Share]:
        """Return what each queue may give of so many jobs."""
        choose = strict_shares if self._strict else weighted_shares
        return choose(self._queues, limit)
