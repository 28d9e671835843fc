"""How fast jobs are enqueued, and what they take in Redis."""

from __future__ import annotations

from benchmarks.stage import Figures, Stage


def enqueue(stage: Stage, seconds: float) -> Figures:
    """Enqueue one job at a time."""
    return _enqueued(stage, "singles", seconds)


def bulk(stage: Stage, seconds: float) -> Figures:
    """Enqueue lists of 100 jobs with the system's own call for many."""
    return _enqueued(stage, "bulks", seconds)


def _enqueued(stage: Stage, verb: str, seconds: float) -> Figures:
    stage.clear()
    before = stage.memory()
    answer = stage.produce(verb, "noop", int(seconds * 1000))
    jobs = answer["jobs"]
    return {
        "rate": jobs / answer["seconds"],
        "cpu_us": answer["cpu"] / jobs * 1e6,
        "bytes": (stage.memory() - before) / jobs,
    }
