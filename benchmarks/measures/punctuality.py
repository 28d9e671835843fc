"""How soon a job starts: on an idle worker, or at the moment for which it was scheduled."""

from __future__ import annotations

from benchmarks.stage import Figures, Stage


def start(stage: Stage, seconds: float) -> Figures:
    """Enqueue single jobs for an idle worker: from the begin of the call to the task's start."""
    begun, notes = _noted(stage, "start", "starts", int(seconds * 50))
    latencies = [(notes[number][0] - moment) / 1e6 for number, moment in begun.items()]
    return {"latencies_ms": sorted(latencies)}


def late(stage: Stage, seconds: float) -> Figures:
    """Schedule 100 jobs over three seconds: how long after its moment each one starts."""
    due, notes = _noted(stage, "late", "later", 100)
    return {"lateness_ms": sorted((notes[n][1] - moment) / 1e6 for n, moment in due.items())}


def _noted(
    stage: Stage, measure: str, verb: str, count: int
) -> tuple[dict[int, int], dict[int, tuple[int, int]]]:
    """Return the producer's moments and the worker's, of the monotonic and the wall clock."""
    stage.clear()
    with stage.worker(measure, count + 1) as worker:
        extra = {"BENCH_REPORT": str(worker.report_path)}
        moments = stage.produce(verb, "note", count, **extra)["moments"]
        report = worker.wait_for_report(30.0)
    notes = {number: (monotonic, wall) for number, monotonic, wall in report["notes"]}
    return dict(moments), notes
