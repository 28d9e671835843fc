"""What becomes of the jobs of a worker that is killed."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.stage import Figures, Stage, Worker

JOBS = 5_000
PATIENCE = 40.0
"""Seconds that the second worker gets to run what the first one has left."""


def crash(stage: Stage, seconds: float) -> Figures:
    """Kill a worker with -9 when it has run a third of the jobs, and start another one."""
    stage.clear()
    stage.produce("fill", "append", JOBS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        trace = Path(folder) / "ran"
        trace.touch()
        with stage.worker("crash", BENCH_APPEND=str(trace)) as first:
            _wait_until(first, trace, JOBS // 3, PATIENCE)
        killed = time.monotonic()
        with stage.worker("crash", BENCH_APPEND=str(trace)) as second:
            _wait_until(second, trace, JOBS, PATIENCE)
        passed = time.monotonic() - killed
        ran = Counter(trace.read_text().split())
    return {
        "missing": JOBS - len(ran),
        "twice": sum(ran.values()) - len(ran),
        "seconds": passed,
    }


def _wait_until(worker: Worker, trace: Path, jobs: int, seconds: float) -> None:
    """Wait until so many different jobs have run, or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and worker.process.poll() is None:
        if len(set(trace.read_text().split())) >= jobs:
            return
        time.sleep(0.02)
