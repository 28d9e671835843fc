"""Speed with many queued jobs, many queues and many periodic tasks."""

from __future__ import annotations

import statistics

from benchmarks.measures.sizing import sized
from benchmarks.measures.throughput import drained, filled_and_drained
from benchmarks.stage import Figures, Stage, Variables

FEW, MANY = 1_000, 1_000_000
"""Jobs that wait behind those which are run."""

QUEUES = {"JOB_QUEUES": ",".join(f"queue{number}" for number in range(50))}
PERIODIC = {"BENCH_PERIODIC": "1000"}
TURNS = 3
LONGER = 3
"""How much longer than others these runs are: what a worker does at its start should not count."""


def growth(stage: Stage, seconds: float) -> Figures:
    """Compare the drain with a million jobs behind it, 50 queues, 1,000 periodic tasks."""
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
    """Return the rate with many jobs behind, over the rate with few."""
    rates: list[float] = []
    for behind in (FEW, MANY):
        stage.clear()
        stage.produce("fill", "noop", behind + TURNS * count)
        rates.append(
            statistics.median([drained(stage, "drain", count)["rate"] for _ in range(TURNS)])
        )
    return rates[1] / rates[0]


def _compared(stage: Stage, count: int, task: str, extra: Variables) -> float:
    """Return the rate with something more, over the rate without, in turns."""
    quotients: list[float] = []
    for _ in range(TURNS):
        plain = filled_and_drained(stage, "drain", "noop", count)
        more = filled_and_drained(stage, "drain", task, count, extra)
        quotients.append(more["rate"] / plain["rate"])
    return statistics.median(quotients)
