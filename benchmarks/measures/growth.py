"""Speed with many queued jobs, many queues and many periodic tasks."""

from __future__ import annotations

import statistics

from benchmarks.measures.sizing import sized
from benchmarks.measures.throughput import drained, filled_and_drained
from benchmarks.stage import Figures, Stage, Variables

FEW, MANY = 1_000, 1_000_000
"""Queued jobs behind those that run."""

QUEUES = {"JOB_QUEUES": ",".join(f"queue{number}" for number in range(50))}
PERIODIC = {"BENCH_PERIODIC": "1000"}
TURNS = 3
LONGER = 3
"""The factor by which these runs are longer, so that the start of the worker hardly counts."""


def growth(stage: Stage, seconds: float) -> Figures:
    """Compare the drain with one that has more queued jobs, queues or periodic tasks."""
    first = sized(
        stage,
        "growth",
        seconds * LONGER,
        lambda count: filled_and_drained(stage, "drain", "noop", count),
    )
    count = int(first["jobs"])
    return {
        "waiting": _waiting(stage, count),
        "queues": _compared(stage, count, "noop@*", QUEUES),
        "periodic": _compared(stage, count, "noop", PERIODIC),
    }


def _waiting(stage: Stage, count: int) -> float:
    """Return the rate with many queued jobs, relative to the rate with few."""
    rates: list[float] = []
    for behind in (FEW, MANY):
        stage.clear()
        stage.produce("fill", "noop", behind + TURNS * count)
        rates.append(
            statistics.median([drained(stage, "drain", count)["rate"] for _ in range(TURNS)])
        )
    return rates[1] / rates[0]


def _compared(stage: Stage, count: int, task: str, extra: Variables) -> float:
    """Return the rate with a change, relative to the rate without, in alternating runs."""
    quotients: list[float] = []
    for _ in range(TURNS):
        plain = filled_and_drained(stage, "drain", "noop", count)
        more = filled_and_drained(stage, "drain", task, count, extra)
        quotients.append(more["rate"] / plain["rate"])
    return statistics.median(quotients)
