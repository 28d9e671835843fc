"""Fairness between workers and between queues."""

from __future__ import annotations

from collections import Counter

from benchmarks.stage import Figures, MeasureError, Stage

SHORT, SLOW = 20_000, 200
PATIENCE = 60.0
WEIGHTS = {"critical": 60, "default": 30, "low": 10}
WAITING, COUNTED = 6_000, 5_000
"""Jobs in each weighted queue, and the number of jobs after which their shares are counted."""

Span = tuple[int, int]
"""When a job started and ended."""


def fairness(stage: Stage, seconds: float) -> Figures:
    """Measure two workers with slow jobs behind short ones, and one with weighted queues."""
    return {"idle_s": _idle(stage), "weights_off": _weights_off(stage)}


def _idle(stage: Stage) -> float:
    """Return the seconds in which a worker runs nothing while slow jobs have not started."""
    stage.clear()
    stage.produce("fill", "noop", SHORT)
    stage.produce("fill", "slow", SLOW)
    with stage.worker("fairness") as first:
        files = first.files
        with stage.worker("fairness", extra=files.environment):
            if not first.wait(lambda: len(files.lines()) >= SLOW, PATIENCE):
                raise MeasureError(f"Not all jobs ran within {PATIENCE:.0f} s.")
            lines = files.lines()
    spans: dict[int, list[Span]] = {}
    for _, process, began, ended in lines:
        spans.setdefault(process, []).append((began, ended))
    starts = [began for each in spans.values() for began, _ in each]
    window = (min(starts), max(starts))
    if len(spans) == 1:
        return (window[1] - window[0]) / 1e9
    return max(gaps(each, window) for each in spans.values()) / 1e9


def gaps(spans: list[Span], window: Span) -> int:
    """Return how much of a period is covered by no job."""
    covered_until, idle = window[0], 0
    for began, ended in sorted(spans):
        idle += max(0, min(began, window[1]) - covered_until)
        covered_until = max(covered_until, ended)
    return idle + max(0, window[1] - covered_until)


def _weights_off(stage: Stage) -> float:
    """Return the largest relative deviation of three queues from their weights."""
    stage.clear()
    queues = {"JOB_QUEUES": ",".join(f"{name}:{weight}" for name, weight in WEIGHTS.items())}
    for index, name in enumerate(WEIGHTS):
        first = {"BENCH_FIRST": str(index * WAITING)}
        stage.produce("fill", f"append@{name}", WAITING, {**queues, **first})
    with stage.worker("fairness", extra=queues) as worker:
        worker.wait(lambda: len(worker.files.lines()) >= COUNTED, PATIENCE)
        ran = Counter(line[0] // WAITING for line in worker.files.lines()[:COUNTED])
    shares = [weight / sum(WEIGHTS.values()) for weight in WEIGHTS.values()]
    return max(abs(ran[index] / COUNTED - share) / share for index, share in enumerate(shares))
