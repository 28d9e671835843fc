"""Counts from workers are added up once, and take bounded space."""

from __future__ import annotations

from itertools import pairwise

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import FailureCount, History, Metrics, QueueCount, Span
from django_jobs.metrics.periods import (
    DAY,
    HOUR,
    MAX_NAMES,
    MINUTE,
    OTHERS,
    QUARTER,
    RETENTION,
)
from django_jobs.metrics.task_stats import TaskStats
from tests.support.clock import START, Clock
from tests.support.driver import Driver

BUCKETS = {Span.HOUR: 60, Span.SHIFT: 96, Span.DAY: 96, Span.WEEK: 84, Span.MONTH: 90}


@pytest.fixture
def metrics(inspection: Inspection) -> Metrics:
    return inspection.metrics


def sample(
    succeeded: int = 0, failed: int = 0, *, task: str = "shop.ship", queue: str = "default"
) -> TaskStats:
    """Attempts that waited 5 ms each, and took 150 ms."""
    error = (("builtins.OSError", failed),) if failed else ()
    count = succeeded + failed
    return TaskStats(
        task=task,
        queue=queue,
        succeeded=succeeded,
        failed=failed,
        errors=error,
        latency=histogram(5, count),
        duration=histogram(150, count),
    )


def histogram(milliseconds: int, count: int) -> Histogram:
    counts = [0] * (len(BOUNDS) + 1)
    counts[BOUNDS.index(milliseconds)] = count
    return Histogram(tuple(counts), milliseconds * count)


def filled(history: History) -> list[tuple[int, int, int]]:
    """The buckets that are not empty: number, succeeded, failed."""
    return [
        (number, one.succeeded, one.failed)
        for number, one in enumerate(history.buckets)
        if one.succeeded or one.failed
    ]


def test_without_reports_the_history_is_empty(metrics: Metrics) -> None:
    for span, number in BUCKETS.items():
        history = metrics.history(span)
        assert (len(history.buckets), history.succeeded, history.failed) == (number, 0, 0)
        assert not metrics.tasks(span)
        assert not metrics.failing(span)
        assert not metrics.queues(span)
        assert metrics.task("shop.ship", span) is None
        assert filled(metrics.task_history("shop.ship", span)) == []
    assert metrics.counters() == ()


def test_reports_of_several_workers_are_added_up(metrics: Metrics, w1: Driver, w2: Driver) -> None:
    w1.heartbeat(samples=[sample(3, 1), sample(2, task="shop.bill", queue="slow")])
    w2.heartbeat(samples=[sample(4, 1), sample(0, 1, queue="slow")])

    for span, number in BUCKETS.items():
        assert filled(metrics.history(span)) == [(number - 1, 9, 3)]
        assert filled(metrics.history(span, queue="slow")) == [(number - 1, 2, 1)]
        assert metrics.task_history("shop.ship", span).succeeded == 7
        bill, ship = metrics.tasks(span)
        assert (bill.task, bill.succeeded, bill.failed, bill.count) == ("shop.bill", 2, 0, 2)
        assert (ship.task, ship.succeeded, ship.failed, ship.count) == ("shop.ship", 7, 3, 10)
        assert ship.latency == histogram(5, 10)
        assert ship.duration == histogram(150, 10)
        assert metrics.task("shop.ship", span) == ship
        assert metrics.queues(span) == (
            QueueCount(queue="default", succeeded=7, failed=2),
            QueueCount(queue="slow", succeeded=2, failed=1),
        )
    assert metrics.counters() == (bill, ship)


@pytest.mark.parametrize("span", BUCKETS)
def test_the_buckets_of_a_history_follow_each_other_up_to_now(
    span: Span, metrics: Metrics, clock: Clock
) -> None:
    history = metrics.history(span)
    times = [one.at for one in history.buckets]
    assert all(later - earlier == history.step for earlier, later in pairwise(times))
    assert times[-1] <= clock.now() < times[-1] + history.step


def test_counts_move_back_as_time_passes_and_leave_the_span(
    metrics: Metrics, clock: Clock, w1: Driver
) -> None:
    w1.heartbeat(samples=[sample(1)])
    clock.advance(MINUTE)
    w1.heartbeat(samples=[sample(2, 5)])
    assert filled(metrics.history(Span.HOUR)) == [(58, 1, 0), (59, 2, 5)]

    clock.advance(58 * MINUTE)
    assert filled(metrics.history(Span.HOUR)) == [(0, 1, 0), (1, 2, 5)]
    clock.advance(2 * MINUTE)
    assert filled(metrics.history(Span.HOUR)) == []
    assert metrics.tasks(Span.HOUR) == ()
    assert metrics.history(Span.SHIFT).succeeded == 3

    clock.advance(DAY + HOUR)
    assert filled(metrics.history(Span.DAY)) == []
    assert metrics.history(Span.WEEK).failed == 5
    assert metrics.task_history("shop.ship", Span.WEEK).failed == 5
    assert metrics.failing(Span.DAY) == ()

    clock.advance(8 * DAY)
    assert filled(metrics.history(Span.WEEK)) == []
    assert metrics.tasks(Span.WEEK) == ()
    assert metrics.history(Span.MONTH).succeeded == 3
    assert metrics.tasks(Span.MONTH)[0].count == 8


@pytest.mark.parametrize("span", BUCKETS)
def test_a_task_and_its_chart_tell_the_same(
    span: Span, metrics: Metrics, clock: Clock, w1: Driver
) -> None:
    for _ in range(40):
        w1.heartbeat(samples=[sample(1, 1)])
        clock.advance(metrics.history(span).step // 3 + 1)
    found = metrics.task("shop.ship", span)
    history = metrics.task_history("shop.ship", span)

    assert found is not None
    assert (found.succeeded, found.failed) == (history.succeeded, history.failed)


def test_the_most_frequent_failure_comes_first(metrics: Metrics, w1: Driver) -> None:
    errors = (("builtins.OSError", 2), ("shop.NoParcel", 7))
    w1.heartbeat(
        samples=[
            TaskStats(task="shop.ship", queue="a", failed=9, errors=errors),
            TaskStats(task="shop.ship", queue="b", failed=1, errors=errors[:1]),
            TaskStats(task="shop.bill", queue="b", failed=3, errors=(("builtins.OSError", 3),)),
        ]
    )
    assert metrics.failing(Span.HOUR) == (
        FailureCount(task="shop.ship", error="shop.NoParcel", count=7),
        FailureCount(task="shop.ship", error="builtins.OSError", count=4),
        FailureCount(task="shop.bill", error="builtins.OSError", count=3),
    )


def test_counters_start_again_every_ninety_days(metrics: Metrics, clock: Clock, w1: Driver) -> None:
    w1.heartbeat(samples=[sample(3)])
    clock.advance(QUARTER - START % QUARTER - 1)
    assert [one.count for one in metrics.counters()] == [3]
    clock.advance(1)
    assert metrics.counters() == ()


def test_names_beyond_the_limit_are_counted_together(metrics: Metrics, w1: Driver) -> None:
    samples = [sample(0, 1, task=f"shop.task{number}") for number in range(MAX_NAMES + 20)]
    w1.heartbeat(samples=[*samples])
    w1.heartbeat(samples=[sample(5, task="shop.task7"), sample(1, task="shop.new")])

    tasks = {one.task: one.count for one in metrics.tasks(Span.HOUR)}
    assert len(tasks) == MAX_NAMES + 1
    assert tasks["shop.task7"] == 6
    assert tasks[OTHERS] == 21
    assert sum(one.count for one in metrics.failing(Span.HOUR)) == MAX_NAMES + 20
    assert metrics.history(Span.HOUR).failed == MAX_NAMES + 20


@pytest.mark.parametrize(
    "name", ["x" * 5000, "a\nb\n", "s=1 f=2", "", "\x00\t' <b>", "täsk", "\ud800"]
)
def test_any_name_can_be_counted(name: str, metrics: Metrics, w1: Driver) -> None:
    one = sample(1, 1, task=name, queue=name or "q")
    w1.heartbeat(samples=[one])

    (task,) = metrics.tasks(Span.HOUR)
    (failure,) = metrics.failing(Span.HOUR)
    assert (task.succeeded, task.failed) == (1, 1)
    plain = name[:200].replace("\n", " ").replace("\ud800", "?")
    assert task.task == failure.task == plain
    assert failure.error == "builtins.OSError"


def test_numbers_stay_exact(metrics: Metrics, w1: Driver) -> None:
    many = 10**13 + 1
    for _ in range(2):
        w1.heartbeat(samples=[sample(many)])
    assert metrics.history(Span.MONTH).succeeded == 2 * many


def test_memory_forgets_as_well(memory_broker: Broker, clock: Clock) -> None:
    worker, metrics = Driver(memory_broker), memory_broker.inspection.metrics
    worker.heartbeat(samples=[sample(1, 1)])
    first = {
        (kind, length): clock.now() // length for kind in RETENTION for length in RETENTION[kind]
    }
    clock.advance(3 * QUARTER)
    worker.heartbeat(samples=[sample(1, 1)])

    for (kind, length), number in first.items():
        assert list(metrics.read(kind, length, number, number)) == []
