"""What was counted of attempts, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django_jobs.metrics.counts import Counts, add, rows
from django_jobs.metrics.deploys import (
    DEPLOYS_KEPT,
    DEPLOYS_KEPT_MS,
    SAME_DEPLOY_MS,
    DeployMark,
)
from django_jobs.metrics.history import Metrics
from django_jobs.metrics.periods import MAX_NAMES, OTHERS, RETENTION, Dimension
from django_jobs.metrics.task_stats import TaskStats

from .lock import Lock


class MemoryMetrics(Metrics):
    """Keeps the counts of each period by name, and the marks of deploys.

    Args:
        lock: the broker's.
        now: the clock, in Unix milliseconds.
    """

    def __init__(self, lock: Lock, now: Callable[[], int]) -> None:
        self._periods: dict[Dimension, dict[int, dict[int, dict[str, Counts]]]] = {
            kind: {length: {} for length in lengths} for kind, lengths in RETENTION.items()
        }
        self._deploys: list[DeployMark] = []
        self._lock = lock
        self._now = now

    def count(self, samples: Sequence[TaskStats]) -> None:
        """Add what a worker counted."""
        now = self._now()
        for (kind, name), counts in rows(samples).items():
            for length, periods in self._periods[kind].items():
                if now // length not in periods:
                    self._forget(periods, (now - RETENTION[kind][length]) // length)
                names = periods.setdefault(now // length, {})
                known = name in names or len(names) < MAX_NAMES
                add(names.setdefault(name if known else OTHERS, {}), counts)

    def _forget(self, periods: dict[int, dict[str, Counts]], before: int) -> None:
        for number in [number for number in periods if number < before]:
            del periods[number]

    def now(self) -> int:
        return self._now()

    def read(
        self, kind: Dimension, length: int, since: int, until: int, name: str | None = None
    ) -> list[tuple[int, str, Counts]]:
        with self._lock:
            return [
                (number, known, dict(counts))
                for number, names in self._periods[kind][length].items()
                if since <= number <= until
                for known, counts in names.items()
                if name in (None, known)
            ]

    def deploys(self, since: int) -> tuple[DeployMark, ...]:
        with self._lock:
            return tuple(mark for mark in self._deploys if mark.at >= since)

    def store_deploy(self, mark: DeployMark) -> DeployMark:
        with self._lock:
            for known in self._deploys:
                if known.label == mark.label and abs(known.at - mark.at) <= SAME_DEPLOY_MS:
                    return known
            oldest = self._now() - DEPLOYS_KEPT_MS
            kept = sorted(one for one in [*self._deploys, mark] if one.at >= oldest)
            self._deploys = kept[-DEPLOYS_KEPT:]
            return mark
