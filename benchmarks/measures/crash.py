"""What happens to the jobs of a worker that is killed."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.stage import Figures, Files, Stage

JOBS = 5_000
PATIENCE = 40.0
"""Seconds that the second worker gets to run the jobs of the first one."""


def crash(stage: Stage, seconds: float) -> Figures:
    """Kill a worker with -9 when it has run a third of the jobs, and start another one."""
    stage.clear()
    stage.produce("fill", "append", JOBS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = Files(Path(folder))
        with stage.worker("crash", extra=files.environment) as first:
            first.wait(lambda: len(ran(files)) > JOBS // 3, PATIENCE)
        killed = time.monotonic()
        with stage.worker("crash", extra=files.environment) as second:
            second.wait(lambda: len(ran(files)) == JOBS, PATIENCE)
        passed = time.monotonic() - killed
        times = ran(files)
    missing, twice = JOBS - len(times), times.total() - len(times)
    whole = {} if missing else {"seconds": passed}
    return {"missing": missing, "twice": twice, **whole}


def ran(files: Files) -> Counter[int]:
    """Return how often each job ran."""
    return Counter(line[0] for line in files.lines())
