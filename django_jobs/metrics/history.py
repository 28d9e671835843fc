"""The history of attempts over a time span, read from the counts that a broker keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django_jobs.metrics.histogram import Histogram

from .counts import Counts, add, read_histogram
from .deploys import DeployMark, checked_label, checked_time
from .periods import DAY, HOUR, MINUTE, QUARTER, Dimension


class Span(StrEnum):
    """How far back the history is read."""

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
        steps: the number of buckets; the last one is not over yet.
        fine: milliseconds of the periods that are added up for the chart of all tasks.
        of_task: milliseconds of those for the chart of one task.
        coarse: milliseconds of those for the tables of tasks and errors.
    """

    step: int
    steps: int
    fine: int
    of_task: int
    coarse: int

    def window(self, length: int, now: int) -> tuple[int, int, int]:
        """Return the step of a chart in milliseconds, and its first and last step."""
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
    """The attempts that ended in one step of a span, which begins at `at` in Unix milliseconds."""

    at: int
    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The attempts over a span.

    Attributes:
        step: milliseconds of one bucket.
        buckets: the oldest first; the last one is not over yet.
        deploys: those that were marked in this span, the oldest first.
    """

    step: int
    buckets: tuple[Bucket, ...]
    deploys: tuple[DeployMark, ...] = ()

    @property
    def succeeded(self) -> int:
        return sum(one.succeeded for one in self.buckets)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMetrics:
    """The attempts of one task in a span.

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
    """How many attempts of a task ended with one error, given as the dotted path of its class."""

    task: str
    error: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """The attempts of jobs from one queue in a span."""

    queue: str
    succeeded: int
    failed: int


class Metrics(ABC):
    """The counts of all workers, added up, and the marks of deploys.

    A killed worker's counts since its heartbeat are lost.

    A span ends with the current minute, hour or day, so it may be shorter by one of these.
    """

    @abstractmethod
    def now(self) -> int:
        """Return the broker's time in Unix milliseconds."""

    @abstractmethod
    def read(
        self, kind: Dimension, length: int, since: int, until: int, name: str | None = None
    ) -> Iterable[tuple[int, str, Counts]]:
        """Return counts as tuples of the number of the period, the name and the counts.

        Args:
            length: of the periods, in milliseconds.
            since: number of the first period.
            until: number of the last period.
            name: return the counts of this name only.
        """

    @abstractmethod
    def deploys(self, since: int) -> tuple[DeployMark, ...]:
        """Return the deploys that were marked since a time in Unix milliseconds, in their order."""

    @abstractmethod
    def store_deploy(self, mark: DeployMark) -> DeployMark:
        """Keep a mark, and return the one that stands.

        That is an earlier one if it has the same label and is at most `SAME_DEPLOY_MS` away. Up to
        `DEPLOYS_KEPT` marks are kept, for `DEPLOYS_KEPT_MS`.
        """

    def mark_deploy(self, label: str, at: int | None = None) -> DeployMark:
        """Mark a deploy on all charts over time.

        Args:
            label: what was deployed, in one line.
            at: when it was, in Unix milliseconds, or None for now.

        Returns:
            The mark that stands: an earlier one if this deploy is marked already.

        Raises:
            ValueError: the label or the time cannot be used.
        """
        text, now = checked_label(label), self.now()
        return self.store_deploy(DeployMark(now if at is None else checked_time(at, now), text))

    def history(self, span: Span, *, queue: str = "") -> History:
        """Return the attempts over a span.

        Args:
            queue: only jobs from this queue, or "" for all.
        """
        return self._history(Dimension.QUEUE, queue, span, _SCALES[span].fine)

    def task_history(self, task: str, span: Span) -> History:
        """Return the attempts of one task; its buckets may be longer than those of `history`."""
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
        deploys = self.deploys(first * step)
        return History(step=step, buckets=tuple(buckets), deploys=deploys)

    def tasks(self, span: Span) -> tuple[TaskMetrics, ...]:
        """Return the tasks that ran in a span, sorted by name."""
        return _tasks(self._sums(Dimension.TASK, span, _SCALES[span].coarse))

    def task(self, name: str, span: Span) -> TaskMetrics | None:
        """Return one task with the same counts as its chart, or None if it did not run."""
        found = _tasks(self._sums(Dimension.TASK, span, _SCALES[span].of_task, name))
        return found[0] if found else None

    def failing(self, span: Span) -> tuple[FailureCount, ...]:
        """Return how often tasks failed with which error in a span, the most frequent first."""
        found = []
        for name, counts in self._sums(Dimension.ERROR, span, _SCALES[span].coarse).items():
            task, _, error = name.partition("\n")
            found.append(FailureCount(task=task, error=error, count=counts.get("f", 0)))
        return tuple(sorted(found, key=lambda one: (-one.count, one.task, one.error)))

    def queues(self, span: Span) -> tuple[QueueCount, ...]:
        """Return the attempts of each queue's jobs in a span, sorted by name."""
        sums = self._sums(Dimension.QUEUE, span, _SCALES[span].fine)
        return tuple(
            QueueCount(queue=name, **_ends(counts)) for name, counts in sorted(sums.items()) if name
        )

    def counters(self) -> tuple[TaskMetrics, ...]:
        """Return the tasks sorted by name, with counts that only grow for up to 90 days."""
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
