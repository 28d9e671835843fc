"""Whether jobs are kept and run, for health checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django_jobs.brokers.base import Broker
from django_jobs.errors import BrokerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What somebody wants to be kept.

    Attributes:
        min_workers: how many must take jobs.
        max_latency: seconds that the next job of a queue may have been waiting, or None.
    """

    min_workers: int = 0
    max_latency: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was found.

    Attributes:
        problems: one sentence each.
        workers: how many take jobs, or None if that could not be found out.
        latency: milliseconds, the longest of all queues that are not paused; or None as before.
    """

    problems: tuple[str, ...]
    workers: int | None = None
    latency: int | None = None

    @property
    def is_good(self) -> bool:
        return not self.problems


def examine(broker: Broker, limits: Limits) -> Health:
    """Look at a broker and its workers; that it does not answer is a finding, too."""
    try:
        return _examined(broker, limits)
    except BrokerError as error:
        return Health(problems=(str(error),))


def _examined(broker: Broker, limits: Limits) -> Health:
    problems = list(broker.problems())
    inspection = broker.inspection
    workers = sum(not worker.quiet for worker in inspection.workers())
    waits = {queue.name: queue.latency for queue in inspection.queues() if not queue.paused}
    if workers < limits.min_workers:
        problems.append(
            f"Workers that take jobs: {workers}, fewer than the {limits.min_workers} that are"
            " wanted. Start more with manage.py runworker."
        )
    problems += _late(waits, limits.max_latency)
    return Health(problems=tuple(problems), workers=workers, latency=max(waits.values(), default=0))


def _late(waits: Mapping[str, int], limit: float | None) -> Iterator[str]:
    for name, wait in waits.items():
        if limit is not None and wait > limit * 1000:
            yield (
                f"A job of the queue {name} has been waiting for {wait / 1000:,.1f} s, longer than"
                f" {limit:g} s: start more workers, or see jobs workers for what they serve."
            )
