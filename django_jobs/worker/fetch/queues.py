"""The queues that a worker serves, and how many jobs a call takes from each."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import QueueQuota, Take
from django_jobs.conf.queues import QueueWeight

OUTDATED = 1.0
"""Seconds after which a busy worker of every queue looks for new queues."""

Random = Callable[[], float]


class ServedQueues:
    """Named queues, or every queue that there is.

    Args:
        queues: what the worker serves; empty for every queue, alike.
        strict: whether to empty an earlier queue before a later one, whatever the weights.
        inspection: lists the queues.
    """

    def __init__(
        self,
        queues: Sequence[QueueWeight],
        *,
        strict: bool,
        inspection: Inspection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._names = tuple(queue.name for queue in queues)
        self._queues = tuple(queues)
        self._strict = strict
        self._inspection = inspection
        self._clock = clock
        self._refreshed_at = -math.inf

    def refresh(self, *, at_once: bool) -> bool:
        """Look for new queues, if the worker serves every queue.

        Args:
            at_once: whether to look even if the last look was a moment ago.

        Returns:
            Whether there are any.

        Raises:
            BrokerError: the broker did not answer.
        """
        is_recent = self._clock() - self._refreshed_at <= OUTDATED
        if self._names or (is_recent and not at_once):
            return False
        self._refreshed_at = self._clock()
        before = self._queues
        self._queues = tuple(QueueWeight(name) for name in self._inspection.queue_names())
        return not set(self._queues) <= set(before)

    def take(self, limit: int, at_once: int | None = None, *, wakes_others: bool = True) -> Take:
        """Return what to ask for in a call that takes so many jobs.

        Args:
            at_once: how many of them start at once; None for all.
            wakes_others: whether a call that takes none wakes other workers for what there is.
        """
        if not limit and not wakes_others:
            return Take(0, ())
        choose = strict_quotas if self._strict else weighted_quotas
        return Take(limit, choose(self._queues, limit), self._names, at_once)


def strict_quotas(queues: Sequence[QueueWeight], limit: int) -> list[QueueQuota]:
    """Return quotas that empty each queue before the next one."""
    return [QueueQuota(queue.name, limit) for queue in queues]


def weighted_quotas(
    queues: Sequence[QueueWeight], limit: int, rand: Random = random.random
) -> list[QueueQuota]:
    """Return quotas in proportion to the weights, for a small limit on the average of many calls.

    The quotas come from systematic sampling: `limit` marks at equal distances, with one common
    random offset, on a line on which each queue is as long as its weight. So a batch is as close to
    the proportions as whole numbers can be, and a single job goes to each queue with the
    probability of its weight. The cost does not depend on the weights, as it would with a list in
    which each name is repeated.

    The order decides which queue fills what others leave. It is weighted by the method of
    Efraimidis and Spirakis (2006): by the largest u^(1/weight).
    """
    total = sum(queue.weight for queue in queues)
    step = total / max(1, limit)
    position = rand() * step
    end = 0.0
    quotas = []
    for queue in queues:
        end += queue.weight
        marks = 0
        while position < end and limit:
            marks += 1
            position += step
        quotas.append(marks)
    keyed = [
        (rand() ** (1 / queue.weight), QueueQuota(queue.name, quota))
        for queue, quota in zip(queues, quotas, strict=True)
    ]
    return [quota for _, quota in sorted(keyed, key=lambda pair: -pair[0])]
