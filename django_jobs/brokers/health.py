"""Health checks of a broker and its workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django_jobs.brokers.inspection.base import QueueInfo
from django_jobs.brokers.messages import WorkerInfo
from django_jobs.errors import BrokerError

from .base import Broker

NAMED = 5
"""How many tasks a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The limits of a health check.

    Attributes:
        min_workers: how many workers must be taking jobs.
        max_latency: seconds that the next job of a queue may have waited, or None for no limit.
    """

    min_workers: int = 0
    max_latency: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The result of a health check.

    Attributes:
        problems: one sentence each.
        warnings: risks that a site may accept, one sentence each.
        workers: how many workers are taking jobs, or None if unknown.
        latency: milliseconds, the longest of all queues that are not paused, or None if unknown.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    workers: int | None = None
    latency: int | None = None

    @property
    def is_good(self) -> bool:
        return not self.problems


def check_health(broker: Broker, limits: Thresholds) -> Health:
    """Check the broker and the workers; a broker that does not answer is a problem, too."""
    try:
        return _check(broker, limits)
    except BrokerError as error:
        return Health(problems=(str(error),))


def unserved(queues: Iterable[QueueInfo], workers: Sequence[WorkerInfo]) -> Iterator[QueueInfo]:
    """Yield the queues that have waiting jobs, but no worker that serves them."""
    for queue in queues:
        if queue.size and not any(worker.serves(queue.name) for worker in workers):
            yield queue


def _check(broker: Broker, limits: Thresholds) -> Health:
    found = broker.config_warnings()
    problems = [problem.text for problem in found if not problem.is_risk]
    warnings = [problem.text for problem in found if problem.is_risk]
    inspection = broker.inspection
    warnings += _postponed(list(inspection.postponed_tasks()))
    workers = [worker for worker in inspection.workers() if not worker.quiet]
    queues = [queue for queue in inspection.queues() if not queue.paused]
    if len(workers) < limits.min_workers:
        problems.append(
            f"Workers that take jobs: {len(workers)}, fewer than the {limits.min_workers} that are"
            " required. Start more with manage.py runworker."
        )
    # The first job starts the thread pool's worker, which serves every queue.
    if broker.persistent:
        problems += map(_no_worker, unserved(queues, workers))
    problems += _late(queues, limits.max_latency)
    latency = max((queue.latency for queue in queues), default=0)
    return Health(
        problems=tuple(problems), warnings=tuple(warnings), workers=len(workers), latency=latency
    )


def _no_worker(queue: QueueInfo) -> str:
    jobs = "1 job waits" if queue.size == 1 else f"{queue.size:,} jobs wait"
    return (
        f"No worker serves the queue {queue.name}, in which {jobs}: start one with"
        f" manage.py runworker -q {queue.name}."
    )


def _postponed(tasks: Sequence[str]) -> Iterator[str]:
    if tasks:
        more = f" and {len(tasks) - NAMED} others" if len(tasks) > NAMED else ""
        yield (
            f"Jobs of {', '.join(tasks[:NAMED])}{more} wait for a worker that knows them. Deploy"
            " the code that they need to all workers; manage.py jobs show says what is missing."
        )


def _late(queues: Iterable[QueueInfo], limit: float | None) -> Iterator[str]:
    for queue in queues:
        if limit is not None and queue.latency > limit * 1000:
            yield (
                f"A job of the queue {queue.name} has been waiting for"
                f" {queue.latency / 1000:,.1f} s, longer than {limit:g} s: start more workers, or"
                " run manage.py jobs workers to see which queues they serve."
            )
