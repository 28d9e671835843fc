"""Which job is next: weights, strict order, priorities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from django_jobs.backends.base import JobBackend
from django_jobs.conf.queues import QueueWeight
from tests.apps.worker_site import tasks
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes

RunAll = Callable[..., Any]


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


def test_priority_decides_in_a_queue_and_then_the_order_of_arrival(
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
