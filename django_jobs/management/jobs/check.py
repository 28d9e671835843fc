"""`jobs check`: whether jobs are kept and run, for health checks."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.backends.health import Limits, examine
from django_jobs.management.arguments import at_least, checked, seconds

from .base import BackendSubcommand
from .console import Console
from .shapes import health_shape
from .target import job_backend
from .wording import count, span


class Check(BackendSubcommand):
    name = "check"
    help = "Tells whether the broker keeps jobs and workers take them: exit code 0, else 1."

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
        limits = Limits(min_workers=options.min_workers, max_latency=options.max_latency)
        health = examine(backend, limits)
        if options.json:
            console.show_json(health_shape(health))
        for warning in health.warnings:
            console.note(f"Warning: {warning}")
        if health.problems:
            raise CommandError("\n".join(health.problems))
        if not options.json:
            console.say(
                f"Healthy: {count(health.workers or 0, 'worker')}; the next job has been waiting"
                f" for {span(health.latency or 0)}."
            )
