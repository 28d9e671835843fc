"""Which job is next: weights, strict order, priorities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import QueueQuota
from django_jobs.conf.queues import QueueWeight
from django_jobs.worker.fetch.queues import strict_quotas, weighted_quotas
from tests.apps.worker_site import tasks
from tests.integration.worker.conftest import StartWorker
from tests.support.workers import Notes

WEIGHTS = (
    QueueWeight("critical", 100),
    QueueWeight("default", 50),
    QueueWeight("mailers", 25),
    QueueWeight("low", 1),
)
RunAll = Callable[..., Any]


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


def test_a_big_queue_gets_no_more_than_its_part(run_all: RunAll, notes: Notes) -> None:
    tasks.note.using(queue_name="low").bulk_enqueue([["low"]] * 800)
    tasks.note.using(queue_name="critical").bulk_enqueue([["critical"]] * 100)
    tasks.note.using(queue_name="default").bulk_enqueue([["default"]] * 100)

    run_all(queues=(QueueWeight("critical", 4), QueueWeight("low"), QueueWeight("default", 4)))

    lines = notes.lines
    assert len(lines) == 1000
    early = Counter(lines[:180])  # more than one call may bring, in which each queue comes once
    assert early["low"] <= 60
    assert min(early["critical"], early["default"]) >= 40


def test_strict_order_empties_a_queue_before_the_next(run_all: RunAll, notes: Notes) -> None:
    for queue in ("low", "default", "critical"):
        tasks.note.using(queue_name=queue).bulk_enqueue([[queue]] * 20)

    run_all(
        queues=(QueueWeight("critical"), QueueWeight("default", 500), QueueWeight("low")),
        strict=True,
        concurrency=1,
    )

    assert notes.lines == ["critical"] * 20 + ["default"] * 20 + ["low"] * 20


def test_priority_comes_first_in_a_queue_and_then_who_came_first(
    run_all: RunAll, notes: Notes
) -> None:
    for priority in (0, -100, 100, 0):
        tasks.note.using(priority=priority).bulk_enqueue([[f"{priority} a"], [f"{priority} b"]])

    run_all(concurrency=1)

    assert notes.lines == [
        *("100 a", "100 b", "0 a", "0 b", "0 a", "0 b", "-100 a", "-100 b"),
    ]


def test_a_worker_leaves_other_queues_alone(
    backend: JobBackend, run_all: RunAll, notes: Notes
) -> None:
    tasks.note.using(queue_name="low").enqueue("low")
    tasks.note.enqueue("default")
    run_all(queues=(QueueWeight("default"),))
    assert notes.lines == ["default"]


def test_a_worker_of_every_queue_finds_one_that_is_new(
    start_worker: StartWorker, notes: Notes
) -> None:
    start_worker()
    tasks.note.using(queue_name="low").enqueue("low")
    notes.wait_for("low")


def test_a_busy_worker_of_every_queue_finds_one_that_is_new(
    start_worker: StartWorker, notes: Notes, backend: JobBackend
) -> None:
    tasks.sleep.bulk_enqueue([[0.05, "old"]] * 400)
    start_worker(concurrency=1)
    notes.wait_for_lines(1)

    tasks.note.using(queue_name="low").enqueue("new")

    notes.wait_for("new")
    assert len(notes.lines) < 400
