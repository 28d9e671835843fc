"""`jobs check`: whether jobs are kept and run, for health checks."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.errors import BrokerError
from django_jobs.management.arguments import at_least, checked, seconds

from .base import BackendSubcommand
from .console import Console
from .target import job_backend
from .wording import count, span


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


class Check(BackendSubcommand):
    name = "check"
    help = "Tells whether the broker answers, and endangers no jobs: exit code 0, else 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add(
            "--min-workers",
            type=checked(at_least(0)),
            default=0,
            metavar="N",
            help="fail if fewer workers take jobs",
        )
        add(
            "--max-latency",
            type=checked(seconds),
            metavar="SECONDS",
            help="fail if the next job of a queue has been waiting for longer; not of a paused one",
        )

    def find_backend(self, alias: str) -> JobBackend[Any]:
        """Say what a health check can't see, instead of that it is healthy."""
        backend = job_backend(alias)
        if not backend.persistent:
            raise CommandError(
                f"TASKS[{alias!r}] is {type(backend).__name__}: its jobs live in the memory of the"
                " processes that enqueue them, so there is nothing to check from outside. Check"
                " those processes instead, or set JOB_BACKEND=redis."
            )
        return backend

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        try:
            health = _examine(backend.broker, options)
        except BrokerError as error:
            health = Health(problems=(str(error),))
        if options.json:
            console.show_json(
                {
                    "healthy": not health.problems,
                    "problems": list(health.problems),
                    "workers": health.workers,
                    "latency_ms": health.latency,
                }
            )
        if health.problems:
            raise CommandError("\n".join(health.problems))
        if not options.json:
            console.say(
                f"Healthy: {count(health.workers or 0, 'worker')}; the next job has been waiting"
                f" for {span(health.latency or 0)}."
            )


def _examine(broker: Broker, options: Namespace) -> Health:
    problems = list(broker.problems())
    inspection = broker.inspection
    workers = sum(not worker.quiet for worker in inspection.workers())
    waits = {queue.name: queue.latency for queue in inspection.queues() if not queue.paused}
    if workers < options.min_workers:
        problems.append(
            f"Workers that take jobs: {workers}, fewer than --min-workers {options.min_workers}."
            " Start more with manage.py runworker."
        )
    problems += _late(waits, options.max_latency)
    return Health(problems=tuple(problems), workers=workers, latency=max(waits.values(), default=0))


def _late(waits: dict[str, int], limit: float | None) -> Iterator[str]:
    for name, wait in waits.items():
        if limit is not None and wait > limit * 1000:
            yield (
                f"A job of the queue {name} has been waiting for {span(wait)}, longer than"
                f" --max-latency {limit:g} s: start more workers, or see jobs workers for what"
                " they serve."
            )
