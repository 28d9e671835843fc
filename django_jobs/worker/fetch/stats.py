"""What a worker counts of the attempts that ended, by task and queue."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from django_jobs.jobs.records import Claim, Settlement, State
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.periods import OTHERS
from django_jobs.metrics.task_stats import TaskStats

Ended: TypeAlias = "tuple[Claim, Settlement]"

NAMES = 500
"""How many tasks of how many queues are counted apart between two heartbeats."""

ERRORS = 50
"""How many kinds of errors of each of them."""


@dataclass(slots=True)
class _TaskCounts:
    succeeded: int = 0
    failed: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    latency: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    duration: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    waited_for: int = 0
    worked_for: int = 0

    def fail(self, one: Settlement) -> None:
        self.failed += 1
        error = one.failure.exception if one.failure else "(unknown)"
        if error not in self.errors and len(self.errors) >= ERRORS:
            error = OTHERS
        self.errors[error] = self.errors.get(error, 0) + 1

    def sample(self, task: str, queue: str) -> TaskStats:
        return TaskStats(
            task=task,
            queue=queue,
            succeeded=self.succeeded,
            failed=self.failed,
            errors=tuple(self.errors.items()),
            latency=Histogram(tuple(self.latency), self.waited_for),
            duration=Histogram(tuple(self.duration), self.worked_for),
        )


class AttemptStats:
    """Counts attempts as they are sent to the broker, a batch at a time. Safe in threads."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], _TaskCounts] = {}
        self._lock = threading.Lock()

    def add(self, batch: Iterable[Ended]) -> None:
        """Count attempts; those of jobs that were given back or postponed are none."""
        with self._lock:
            for claim, one in batch:
                state = one.state
                if state is State.QUEUED or state is State.SCHEDULED:
                    continue
                job = claim.job
                line = self._lines.get((job.task, job.queue)) or self._line(job.task, job.queue)
                latency = claim.claimed_at + one.waited - claim.queued_at
                if latency < 0:
                    latency = 0
                line.latency[bisect_left(BOUNDS, latency)] += 1
                line.waited_for += latency
                line.duration[bisect_left(BOUNDS, one.duration)] += 1
                line.worked_for += one.duration
                if state is State.SUCCEEDED:
                    line.succeeded += 1
                else:
                    line.fail(one)

    def _line(self, task: str, queue: str) -> _TaskCounts:
        known = len(self._lines) < NAMES
        return self._lines.setdefault((task, queue) if known else (OTHERS, OTHERS), _TaskCounts())

    def take(self) -> tuple[TaskStats, ...]:
        """Return what was counted since the last such call."""
        with self._lock:
            lines, self._lines = self._lines, {}
        return tuple(line.sample(task, queue) for (task, queue), line in lines.items())
