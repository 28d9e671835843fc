"""`jobs check`: a health check."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.health import Thresholds, check_health
from django_jobs.management.arguments import at_least, checked, seconds_of_at_least
from django_jobs.management.formatting import format_count, format_duration
from django_jobs.management.target import job_backend

from .base import USAGE_ERROR, BackendSubcommand
from .console import Console
from .json_output import health_json, liveness_json
from .liveness import find_liveness


class Check(BackendSubcommand):
    name = "check"
    help = "Checks that the broker keeps jobs and that workers take them. Exits with 0 or 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add(
            "--min-workers",
            type=checked(at_least(0)),
            default=0,
            metavar="N",
            help="Fail if fewer than N workers take jobs.",
        )
        add(
            "--max-latency",
            type=checked(seconds_of_at_least(0)),
            metavar="SECONDS",
            help="Fail if the next job of a queue that is not paused has been waiting longer.",
        )

        add(
            "--live",
            action="store_true",
            help="Only check, in 0.3 seconds, that a worker on this machine sends heartbeats.",
        )

    def find_backend(self, alias: str) -> JobBackend:
        """Refuse a backend whose health cannot be seen from this process."""
        backend = job_backend(alias)
        if not backend.persistent:
            raise CommandError(
                f"TASKS[{alias!r}] is {type(backend).__name__}: its jobs are in the memory of the"
                " processes that enqueue them, so there is nothing to check from outside. Check"
                " those processes instead, or set JOB_BACKEND=redis."
            )
        return backend

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if not options.live:
            self._check_health(backend, console, options)
        elif options.min_workers or options.max_latency is not None:
            raise CommandError(
                "--live checks nothing but the workers of this machine: leave out --min-workers and"
                " --max-latency, or --live.",
                returncode=USAGE_ERROR,
            )
        else:
            self._check_liveness(backend, console, options)

    def _check_liveness(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        found = find_liveness(backend.broker.inspection)
        if options.json:
            console.show_json(liveness_json(found))
        if found.is_live is False:
            raise CommandError(
                f"No worker on {found.host} sends heartbeats: start one with manage.py runworker."
            )
        if found.is_live is None:  # restarting workers would not bring the broker back
            console.warn(f"Warning: it is unknown whether workers live. {found.problem}")
        elif not options.json:
            console.info(f"Live: {format_count(found.workers or 0, 'worker')} on {found.host}.")

    def _check_health(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        limits = Thresholds(min_workers=options.min_workers, max_latency=options.max_latency)
        health = check_health(backend.broker, limits)
        if options.json:
            console.show_json(health_json(health))
        for warning in health.warnings:
            console.warn(f"Warning: {warning}")
        if health.problems:
            raise CommandError("\n".join(health.problems))
        if not options.json:
            console.info(
                f"Healthy: {format_count(health.workers or 0, 'worker')}; the next job has been"
                f" waiting for {format_duration(health.latency or 0)}."
            )
