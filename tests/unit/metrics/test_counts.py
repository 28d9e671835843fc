"""What workers report becomes counts by short codes, which brokers add up blindly."""

from __future__ import annotations

from dataclasses import replace

from django_jobs.metrics.counts import LONGEST_NAME, add, read_histogram, rows
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.periods import Dimension
from django_jobs.metrics.task_stats import TaskStats

EMPTY = Histogram((0,) * (len(BOUNDS) + 1), 0)
LATENCY = Histogram((2, 0, 1, *[0] * (len(BOUNDS) - 2)), 9)
SAMPLE = TaskStats(
    task="shop.tasks.ship",
    queue="low",
    succeeded=2,
    failed=1,
    errors=(("builtins.OSError", 1),),
    latency=LATENCY,
    duration=EMPTY,
)


def test_a_sample_counts_for_all_queues_its_queue_its_task_and_its_errors() -> None:
    assert rows([SAMPLE]) == {
        (Dimension.QUEUE, ""): {"s": 2, "f": 1},
        (Dimension.QUEUE, "low"): {"s": 2, "f": 1},
        (Dimension.TASK, "shop.tasks.ship"): {"s": 2, "f": 1, "l0": 2, "l2": 1, "L": 9, "D": 0},
        (Dimension.ERROR, "shop.tasks.ship\nbuiltins.OSError"): {"f": 1},
    }


def test_samples_of_one_queue_are_added_up() -> None:
    found = rows([SAMPLE, replace(SAMPLE, task="shop.tasks.pack", errors=())])

    assert found[Dimension.QUEUE, ""] == found[Dimension.QUEUE, "low"] == {"s": 4, "f": 2}
    assert found[Dimension.TASK, "shop.tasks.pack"]["s"] == 2


def test_a_histogram_comes_back_from_its_codes() -> None:
    counts = rows([SAMPLE])[Dimension.TASK, "shop.tasks.ship"]

    assert read_histogram("l", counts) == LATENCY
    assert read_histogram("d", counts) == EMPTY
    assert read_histogram("d", {}) == EMPTY


def test_a_name_of_a_task_fits_into_a_line_whatever_it_is() -> None:
    hostile = replace(SAMPLE, task="a\nb\ud800" + "x" * 1000, errors=())

    (name,) = [name for kind, name in rows([hostile]) if kind is Dimension.TASK]

    assert name == ("a b?" + "x" * 1000)[:LONGEST_NAME]


def test_counts_are_added_code_by_code() -> None:
    sums = {"s": 1, "f": 2}

    add(sums, {"f": 3, "l1": 4})

    assert sums == {"s": 1, "f": 5, "l1": 4}
