"""Speed of enqueueing, and size of queued jobs in Redis."""

from __future__ import annotations

from benchmarks.stage import Figures, Stage


def enqueue(stage: Stage, seconds: float) -> Figures:
    """Enqueue one job at a time, and measure the growth of Redis's memory."""
    stage.clear()
    stage.produce("fill", "noop", 100)
    before = stage.memory()
    figures = _timed(stage, "singles", seconds)
    return figures | {"bytes": (stage.memory() - before) / figures["jobs"]}


def bulk(stage: Stage, seconds: float) -> Figures:
    """Enqueue lists of 100 jobs with the system's bulk call."""
    stage.clear()
    return _timed(stage, "bulks", seconds)


def _timed(stage: Stage, verb: str, seconds: float) -> Figures:
    answer = stage.produce(verb, "noop", int(seconds * 1000))
    jobs = answer["jobs"]
    return {"rate": jobs / answer["seconds"], "cpu_us": answer["cpu"] / jobs * 1e6, "jobs": jobs}
