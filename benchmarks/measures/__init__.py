"""The measures by name: functions that empty Redis, measure a system and return numbers."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.measures import (
    cost,
    crash,
    enqueueing,
    fairness,
    growth,
    in_process,
    punctuality,
    throughput,
)
from benchmarks.stage import Figures, Stage

Measure = Callable[[Stage, float], Figures]

MEASURES: dict[str, Measure] = {
    "drain": throughput.drain,
    "drain_async": throughput.drain_async,
    "io": throughput.io,
    "io_async": throughput.io_async,
    "enqueue": enqueueing.enqueue,
    "bulk": enqueueing.bulk,
    "start": punctuality.start,
    "late": punctuality.late,
    "late_five": punctuality.late_five,
    "crash": crash.crash,
    "idle": cost.idle,
    "memory": cost.memory,
    "fairness": fairness.fairness,
    "growth": growth.growth,
    "submit": in_process.submit,
    "submit_start": in_process.submit_start,
}

SIDE_BY_SIDE = ("crash", "idle")
"""Measures that mostly wait and need no exact timing, so several systems run at a time."""

ONCE = ("late", "late_five", "memory", "fairness", "growth")
"""Measures that take long and hardly vary; taken in the first round only."""
