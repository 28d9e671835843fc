"""What was counted of attempts, in Redis."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django_jobs.brokers.constants import MAX_COUNT
from django_jobs.brokers.messages import HeartbeatReport
from django_jobs.metrics.counts import Counts, rows
from django_jobs.metrics.deploys import DeployMark
from django_jobs.metrics.history import Metrics
from django_jobs.metrics.periods import MAX_NAMES, OTHERS, RETENTION, Dimension

from . import codec, progress_text
from .reading import number, parsed

PERIODS = json.dumps(RETENTION)
"""As `heartbeat.lua` takes it."""


def report_arguments(report: HeartbeatReport) -> list[str | int]:
    """Return a report as `heartbeat.lua` takes it."""
    counted = rows(report.samples)
    arguments: list[str | int] = [PERIODS, MAX_NAMES, OTHERS, len(counted)]
    for (kind, name), counts in counted.items():
        arguments += (kind.value, name, json.dumps(counts))
    for one in report.progress:
        arguments += (one.job_id, codec.fence(one), codec.PROGRESS, progress_text.to_text(one))
    for saved in report.metadata:
        arguments += codec.saved(saved)
    return arguments


class RedisMetrics(Metrics):
    """Looks at the counts of one broker.

    Args:
        run: calls one of the broker's scripts.
    """

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def now(self) -> int:
        return int(self._run("now"))

    def read(
        self, kind: Dimension, length: int, since: int, until: int, name: str | None = None
    ) -> Iterator[tuple[int, str, Counts]]:
        only = () if name is None else (name,)
        flat = self._run("read_metrics", kind.value, length, since, until, *only)
        for period, known, text in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
            yield period, known, _to_counts(text)

    def deploys(self, since: int) -> tuple[DeployMark, ...]:
        parts = (member.partition(":") for member in self._run("read_deploys", since))
        known = ((number(at), label) for at, _, label in parts)
        return tuple(DeployMark(at, label) for at, label in known if at is not None and label)

    def store_deploy(self, mark: DeployMark) -> DeployMark:
        return mark._replace(at=int(self._run("mark_deploy", mark.at, mark.label)))


def _to_counts(text: str) -> Counts:
    """Read counts; unreadable ones count nothing."""
    match parsed(text):
        case dict() as found:
            return {
                code: int(count)
                for code, count in found.items()
                if isinstance(count, int | float) and 0 <= count <= MAX_COUNT
            }
    return {}
