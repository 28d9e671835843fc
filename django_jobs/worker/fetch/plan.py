"""Which queues a reservation takes from, in which order, and how much from each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from django_jobs.brokers.messages import Share
from django_jobs.conf.queues import QueueWeight

Random = Callable[[], float]


def strict_shares(queues: Sequence[QueueWeight], limit: int) -> list[Share]:
    """Return shares that empty each queue before the next one."""
    return [Share(queue.name, limit) for queue in queues]


def weighted_shares(
    queues: Sequence[QueueWeight], limit: int, rand: Random = random.random
) -> list[Share]:
    """Return shares in proportion to the weights, for a small limit on the average of many calls.

    The quotas come from systematic sampling: `limit` marks at equal distances, with one common
    random offset, on a line on which each queue is as long as its weight. So a batch is as near to
    the proportions as whole numbers can be, and a single job goes to each queue with the
    probability of its weight. The cost does not depend on the weights (Sidekiq's list of repeated
    names does).

    The order, which decides who fills what others leave, is weighted by the method of Efraimidis
    and Spirakis (2006): by the largest u^(1/weight).
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
    shares = [
        (rand() ** (1 / queue.weight), Share(queue.name, quota))
        for queue, quota in zip(queues, quotas, strict=True)
    ]
    return [share for _, share in sorted(shares, key=lambda pair: -pair[0])]
