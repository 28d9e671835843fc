"""The contract of the history: what was counted of attempts, added up for a span of time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django_jobs.metrics.histogram import Histogram

from .counts import Counts, add, read_histogram
from .periods import DAY, HOUR, MINUTE, QUARTER, Dimension


class Span(StrEnum):
    """How far a look at the history goes back."""

    HOUR = "1h"
    SHIFT = "8h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a span is divided.

    Attributes:
        step: milliseconds of one bucket of its chart.
        steps: how many buckets there are; the last one is not over yet.
        fine: the periods that a bucket of the chart is added up from, in milliseconds.
        of_task: the same for the chart of one task.
        coarse: the periods from which tasks and errors are added up.
    """

    step: int
    steps: int
    fine: int
    of_task: int
    coarse: int

    def window(self, length: int, now: int) -> tuple[int, int, int]:
        """Return the step of a chart from such periods, and numbers of its first and last one."""
        step = max(self.step, length)
        last = now // step
        return step, last + 1 - self.step * self.steps // step, last


_SCALES = {
    Span.HOUR: _Scale(MINUTE, 60, fine=MINUTE, of_task=MINUTE, coarse=MINUTE),
    Span.SHIFT: _Scale(5 * MINUTE, 96, fine=MINUTE, of_task=HOUR, coarse=HOUR),
    Span.DAY: _Scale(15 * MINUTE, 96, fine=MINUTE, of_task=HOUR, coarse=HOUR),
    Span.WEEK: _Scale(2 * HOUR, 84, fine=HOUR, of_task=HOUR, coarse=DAY),
    Span.MONTH: _Scale(8 * HOUR, 90, fine=HOUR, of_task=DAY, coarse=DAY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Attempts that ended in a part of a span, which begins at a time in Unix milliseconds."""

    at: int
    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Attempts over a span.

    Attributes:
        step: milliseconds of one bucket.
        buckets: all of the span, the oldest first; the last one is not over yet.
    """

    step: int
    buckets: tuple[Bucket, ...]

    @property
    def succeeded(self) -> int:
        return sum(one.succeeded for one in self.buckets)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMetrics:
    """What is known of one task's attempts in a span.

    Attributes:
        latency: from when a job could have started to its start.
        duration: from start to end.
    """

    task: str
    succeeded: int
    failed: int
    latency: Histogram
    duration: Histogram

    @property
    def count(self) -> int:
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """How often attempts of a task ended with an error, by the dotted path of its class."""

    task: str
    error: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """Attempts of jobs from one queue in a span."""

    queue: str
    succeeded: int
    failed: int


class Metrics(ABC):
    """Added-up counts. A worker that is killed takes along what it counted since its heartbeat.

    A span ends with the minute, hour or day that is not over yet, so it is up to one shorter.
    """

    @abstractmethod
    def now(self) -> int:
        """Return the store's time in Unix milliseconds."""

    @abstractmethod
    def read(
        self, kind: Dimension, length: int, since: int, until: int, name: str | None = None
    ) -> Iterable[tuple[int, str, Counts]]:
        """Return what was counted: number of the period, name, counts.

        Args:
            length: of the periods, in milliseconds.
            since: number of the first period.
            until: number of the last period.
            name: only this one.
        """

    def history(self, span: Span, *, queue: str = "") -> History:
        """Return the attempts over a span.

        Args:
            queue: only jobs from this queue, or "" for all.
        """
        return self._history(Dimension.QUEUE, queue, span, _SCALES[span].fine)

    def task_history(self, task: str, span: Span) -> History:
        """Return one task's attempts over a span, in buckets that may be longer than of all."""
        return self._history(Dimension.TASK, task, span, _SCALES[span].of_task)

    def _history(self, kind: Dimension, name: str, span: Span, length: int) -> History:
        now = self.now()
        step, first, last = _SCALES[span].window(length, now)
        of_step: defaultdict[int, Counts] = defaultdict(dict)
        since, until = first * step // length, now // length
        for period, _, counts in self.read(kind, length, since, until, name):
            add(of_step[period * length // step], counts)
        buckets = (
            Bucket(at=number * step, **_ends(of_step[number])) for number in range(first, last + 1)
        )
        return History(step=step, buckets=tuple(buckets))

    def tasks(self, span: Span) -> tuple[TaskMetrics, ...]:
        """Return each task that ran in a span, by name."""
        return _tasks(self._sums(Dimension.TASK, span, _SCALES[span].coarse))

    def task(self, name: str, span: Span) -> TaskMetrics | None:
        """Return one task as its chart shows it, or None if it did not run in the span."""
        found = _tasks(self._sums(Dimension.TASK, span, _SCALES[span].of_task, name))
        return found[0] if found else None

    def failing(self, span: Span) -> tuple[FailureCount, ...]:
        """Return which tasks failed with which errors in a span, the most frequent first."""
        found = []
        for name, counts in self._sums(Dimension.ERROR, span, _SCALES[span].coarse).items():
            task, _, error = name.partition("\n")
            found.append(FailureCount(task=task, error=error, count=counts.get("f", 0)))
        return tuple(sorted(found, key=lambda one: (-one.count, one.task, one.error)))

    def queues(self, span: Span) -> tuple[QueueCount, ...]:
        """Return how many attempts of each queue's jobs ended in a span, by name."""
        sums = self._sums(Dimension.QUEUE, span, _SCALES[span].fine)
        return tuple(
            QueueCount(queue=name, **_ends(counts)) for name, counts in sorted(sums.items()) if name
        )

    def counters(self) -> tuple[TaskMetrics, ...]:
        """Return each task by name, counted for up to 90 days: numbers that only grow meanwhile."""
        quarter = self.now() // QUARTER
        return _tasks(_added_up(self.read(Dimension.TASK, QUARTER, quarter, quarter)))

    def _sums(
        self, kind: Dimension, span: Span, length: int, name: str | None = None
    ) -> dict[str, Counts]:
        now = self.now()
        step, first, _ = _SCALES[span].window(length, now)
        since, until = first * step // length, now // length
        return _added_up(self.read(kind, length, since, until, name))


def _added_up(found: Iterable[tuple[int, str, Counts]]) -> dict[str, Counts]:
    sums: defaultdict[str, Counts] = defaultdict(dict)
    for _, name, counts in found:
        add(sums[name], counts)
    return sums


def _ends(counts: Counts) -> dict[str, int]:
    return {"succeeded": counts.get("s", 0), "failed": counts.get("f", 0)}


def _tasks(sums: dict[str, Counts]) -> tuple[TaskMetrics, ...]:
    return tuple(
        TaskMetrics(
            task=name,
            latency=read_histogram("l", counts),
            duration=read_histogram("d", counts),
            **_ends(counts),
        )
        for name, counts in sorted(sums.items())
    )
