"""Speed of jobs in threads of the process that enqueues them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks.measures.sizing import sized
from benchmarks.stage import Figures, Files, Stage


def submit(stage: Stage, seconds: float) -> Figures:
    """Enqueue no-op jobs one at a time: jobs per second until the last one has ended."""
    return sized(stage, "submit", seconds, lambda count: _submit(stage, count))


def submit_start(stage: Stage, seconds: float) -> Figures:
    """Enqueue single jobs while the pool is idle: time to the start, and time of the call."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = Files(Path(folder))
        answer = stage.produce("starts", "note", int(seconds * 50), files.environment)
        started = {number: monotonic for number, monotonic, _ in files.lines()}
    times = [(started[number] - began) / 1e6 for number, began in answer["moments"]]
    return {
        "times_ms": sorted(round(time, 3) for time in times),
        "call_us": answer["call_us"],
    }


def _submit(stage: Stage, count: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = Files(Path(folder))
        environment = files.environment | {"BENCH_COUNT": str(count)}
        began = stage.produce("submits", "noop", count, environment)["began"]
        ended: int = json.loads(files.report.read_text())["ended"]
    seconds = (ended - began) / 1e9
    return {"rate": count / seconds, "jobs": count, "seconds": seconds}
