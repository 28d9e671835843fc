"""How soon a job starts in an idle worker, and how late a scheduled job starts."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.stage import Figures, MeasureError, Stage

PATIENCE = 30.0
"""Seconds that the worker gets after the last job was enqueued."""


def start(stage: Stage, seconds: float) -> Figures:
    """Enqueue single jobs for an idle worker, and time from the call to the start of the task."""
    begun, started = _noted(stage, "start", "starts", int(seconds * 70))
    times = [(started[number][0] - moment) / 1e6 for number, moment in begun.items()]
    return {"times_ms": sorted(round(time, 3) for time in times)}


def late(stage: Stage, seconds: float) -> Figures:
    """Schedule 100 jobs over three seconds, and measure how late each one starts."""
    return _late(stage, "late", workers=1)


def late_five(stage: Stage, seconds: float) -> Figures:
    """The same with five workers."""
    return _late(stage, "late_five", workers=5)


def _late(stage: Stage, measure: str, workers: int) -> Figures:
    due, started = _noted(stage, measure, "later", 100, workers)
    times = [(started[number][1] - moment) / 1e6 for number, moment in due.items()]
    return {"times_ms": sorted(round(time, 3) for time in times)}


def _noted(
    stage: Stage, measure: str, verb: str, count: int, workers: int = 1
) -> tuple[dict[int, int], dict[int, tuple[int, int]]]:
    """Return the producer's times, and the starts by the monotonic clock and by the wall clock."""
    stage.clear()
    with ExitStack() as stack:
        first = stack.enter_context(stage.worker(measure))
        for _ in range(workers - 1):
            stack.enter_context(stage.worker(measure, extra=first.files.environment))
        moments = stage.produce(verb, "note", count, first.files.environment)["moments"]
        if not first.wait(lambda: len(first.files.lines()) > count, PATIENCE):
            raise MeasureError(f"Not all {count} jobs ran within {PATIENCE:.0f} s.")
        lines = first.files.lines()
    return dict(moments), {number: (monotonic, wall) for number, monotonic, wall in lines}
