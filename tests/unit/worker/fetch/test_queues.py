"""The share of jobs that a worker takes from each queue: by weight, or in strict order."""

from __future__ import annotations

from collections import Counter

import pytest

from django_jobs.brokers.messages import QueueQuota
from django_jobs.conf.queues import QueueWeight
from django_jobs.worker.fetch.queues import strict_quotas, weighted_quotas

WEIGHTS = (
    QueueWeight("critical", 100),
    QueueWeight("default", 50),
    QueueWeight("mailers", 25),
    QueueWeight("low", 1),
)


def test_single_jobs_come_in_proportion_to_the_weights() -> None:
    first = Counter(
        one.queue for _ in range(20_000) for one in weighted_quotas(WEIGHTS, 1) if one.quota
    )
    for queue in WEIGHTS:
        expected = 20_000 * queue.weight / 176
        assert abs(first[queue.name] - expected) < 6 * expected**0.5


@pytest.mark.parametrize("limit", [7, 50, 176, 1000])
def test_a_batch_is_in_proportion_as_far_as_whole_numbers_can_be(limit: int) -> None:
    for _ in range(200):
        quotas = weighted_quotas(WEIGHTS, limit)
        assert sum(one.quota for one in quotas) == limit
        for one in quotas:
            weight = next(queue.weight for queue in WEIGHTS if queue.name == one.queue)
            assert abs(one.quota - limit * weight / 176) < 1


def test_no_jobs_and_no_queues_are_no_trouble() -> None:
    assert weighted_quotas([], 5) == []
    assert sum(one.quota for one in weighted_quotas(WEIGHTS, 0)) == 0


def test_strict_quotas_may_take_everything_in_order() -> None:
    assert strict_quotas(WEIGHTS[:2], 5) == [QueueQuota("critical", 5), QueueQuota("default", 5)]
