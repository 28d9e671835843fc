"""How fast waiting jobs are run, and at what cost."""

from __future__ import annotations

from benchmarks.stage import Figures, Stage

SHORTEST, LONGEST = 300, 400_000
"""How many jobs one run has at least and at most."""

LONG_ENOUGH = 0.5
"""A run counts when it took this share of the wished seconds; else a longer one follows."""


def drain(stage: Stage, seconds: float) -> Figures:
    """Run waiting no-op jobs in one process."""
    return _drained(stage, "drain", "noop", seconds)


def drain_async(stage: Stage, seconds: float) -> Figures:
    """Run waiting no-op coroutine jobs in one process."""
    return _drained(stage, "drain_async", "noop_async", seconds)


def io(stage: Stage, seconds: float) -> Figures:
    """Run jobs that wait for 10 ms, 25 at a time."""
    return _drained(stage, "io", "sleep", seconds)


def io_async(stage: Stage, seconds: float) -> Figures:
    """Run coroutine jobs that wait for 10 ms, 500 at a time."""
    return _drained(stage, "io_async", "sleep_async", seconds)


def _drained(stage: Stage, measure: str, task: str, seconds: float) -> Figures:
    """Run so many jobs that it takes about so long, found out by shorter runs the first time."""
    count = stage.sizes.get(measure, SHORTEST)
    while True:
        figures = _drain(stage, measure, task, count)
        if figures["seconds"] >= seconds * LONG_ENOUGH or count == LONGEST:
            return figures
        count = min(max(2 * count, int(figures["rate"] * seconds)), LONGEST)
        stage.sizes[measure] = count


def _drain(stage: Stage, measure: str, task: str, count: int) -> Figures:
    stage.clear()
    stage.produce("fill", task, count)
    with stage.worker(measure, count) as worker:
        report = worker.report()
    jobs, seconds = report["jobs"], report["seconds"]
    return {
        "rate": jobs / seconds,
        "cpu_us": report["cpu"] / jobs * 1e6,
        "jobs": count,
        "seconds": seconds,
    }
