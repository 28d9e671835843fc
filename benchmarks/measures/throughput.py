"""Speed of running queued jobs, and CPU time per job."""

from __future__ import annotations

from benchmarks.measures.sizing import sized
from benchmarks.stage import NO_VARIABLES, Figures, Stage, Variables


def drain(stage: Stage, seconds: float) -> Figures:
    """Run queued no-op jobs in one process."""
    return _drained(stage, "drain", "noop", seconds)


def drain_async(stage: Stage, seconds: float) -> Figures:
    """Run queued no-op coroutine jobs in one process."""
    return _drained(stage, "drain_async", "noop_async", seconds)


def io(stage: Stage, seconds: float) -> Figures:
    """Run jobs that wait for 10 ms, 25 at a time."""
    return _drained(stage, "io", "sleep", seconds)


def io_async(stage: Stage, seconds: float) -> Figures:
    """Run coroutine jobs that wait for 10 ms, 500 at a time."""
    return _drained(stage, "io_async", "sleep_async", seconds)


def _drained(stage: Stage, measure: str, task: str, seconds: float) -> Figures:
    return sized(
        stage, measure, seconds, lambda count: filled_and_drained(stage, measure, task, count)
    )


def filled_and_drained(
    stage: Stage, measure: str, task: str, count: int, extra: Variables = NO_VARIABLES
) -> Figures:
    """Enqueue a number of jobs, and run them."""
    stage.clear()
    stage.produce("fill", task, count, extra)
    return drained(stage, measure, count, extra)


def drained(stage: Stage, measure: str, count: int, extra: Variables = NO_VARIABLES) -> Figures:
    """Run a number of queued jobs, and time the first to the last."""
    client = stage.redis
    client.config_resetstat()
    with stage.worker(measure, count, extra) as worker:
        report = worker.report()
        heard = client.info("stats")["total_reads_processed"]
    jobs, seconds = report["jobs"], report["seconds"]
    return {
        "rate": jobs / seconds,
        "cpu_us": report["cpu"] / jobs * 1e6,
        "round_trips": heard / jobs,
        "jobs": count,
        "seconds": seconds,
    }
