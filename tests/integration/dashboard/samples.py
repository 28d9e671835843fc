"""Figures that workers report."""

from __future__ import annotations

from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.task_stats import TaskStats
from tests.support.driver import Driver

HOSTILE = "<script>alert(1)</script>\"'&"


def sample(
    task: str = "shop.tasks.ship",
    succeeded: int = 3,
    failed: int = 0,
    took: int = 150,
    error: str = "shop.NoParcel",
) -> TaskStats:
    counts = [0] * (len(BOUNDS) + 1)
    counts[BOUNDS.index(took)] = succeeded + failed
    times = Histogram(tuple(counts), took * (succeeded + failed))
    return TaskStats(
        task=task,
        queue="default",
        succeeded=succeeded,
        failed=failed,
        errors=((error, failed),) if failed else (),
        latency=times,
        duration=times,
    )


def tell(worker: Driver, *samples: TaskStats) -> None:
    worker.heartbeat(samples=samples)
