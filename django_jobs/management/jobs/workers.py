"""`jobs workers`, `jobs quiet`, `jobs stop`: list workers and send them commands."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.constants import BEATS
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import WorkerCommand, WorkerInfo
from django_jobs.clock import now_ms
from django_jobs.management.arguments import seconds_of_at_least
from django_jobs.management.formatting import format_count, format_duration
from django_jobs.suggest import unknown_name

from .base import USAGE_ERROR, BackendSubcommand, ViewSubcommand
from .console import Console
from .idle_workers import Busy, wait_until_idle
from .json_output import worker_json


class Workers(ViewSubcommand):
    name = "workers"
    help = "Lists the workers that are alive, with the queues they serve."

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        workers = backend.broker.inspection.workers()
        if options.json:
            console.show_json([worker_json(worker) for worker in workers])
        elif workers:
            now = now_ms()
            console.show_table(
                ("Worker", "Queues", "Threads", "Running", "Uptime", "State"),
                [
                    (
                        worker.id,
                        ",".join(worker.queues) or "all queues",
                        worker.concurrency,
                        len(worker.running),
                        format_duration(now - worker.started_at),
                        _state(worker),
                    )
                    for worker in workers
                ],
            )
        else:
            console.info("No workers are alive. Start one with manage.py runworker.")


def _state(worker: WorkerInfo) -> str:
    state = "quiet" if worker.quiet else "working"
    return f"{state}, {len(worker.stuck)} stuck" if worker.stuck else state


class CommandSubcommand(BackendSubcommand):
    """A subcommand that sends workers a command."""

    command: ClassVar[WorkerCommand]
    effect: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workers", metavar="WORKER", nargs="*", help="IDs of the workers.")
        parser.add_argument("--all", action="store_true", help="Instead of IDs: all workers.")
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="Do not ask for confirmation of --all.",
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if bool(options.workers) == options.all:
            raise CommandError("Give the IDs of workers, or --all.", returncode=USAGE_ERROR)
        inspection = backend.broker.inspection
        alive = [worker.id for worker in inspection.workers()]
        if not alive:
            raise CommandError("No workers are alive.")
        for worker in options.workers:
            if worker not in alive:
                raise CommandError(unknown_name("worker", worker, alive))
        if options.all:
            question = f"Tell {format_count(len(alive), 'worker')} to {self.effect}?"
            console.confirm(question, interactive=options.interactive)
        commanded = [
            worker
            for worker in options.workers or alive
            if inspection.command_worker(worker, self.command)
        ]
        report = {"command": self.command.value, "workers": commanded}
        if not options.json:
            number = format_count(len(commanded), "worker")
            wait = f"{backend.broker.lease / BEATS:g} s"
            console.info(
                f"Told {number} to {self.effect}. The next heartbeat, within {wait}, carries it"
                " out."
            )
        report |= self.follow_up(inspection, commanded, console, options)
        if options.json:
            console.show_json(report)

    def follow_up(
        self, inspection: Inspection, workers: Sequence[str], console: Console, options: Namespace
    ) -> dict[str, Any]:
        """Do what comes after the command; return what the JSON has to say of it."""
        return {}


class Quiet(CommandSubcommand):
    name = "quiet"
    help = "Makes workers quiet: they take no more jobs. This cannot be undone."
    command = WorkerCommand.QUIET
    effect = "take no more jobs"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--wait", action="store_true", help="Return when their running jobs have ended."
        )
        parser.add_argument(
            "--timeout",
            metavar="SECONDS",
            type=seconds_of_at_least(0),
            help="With --wait: fail if jobs still run after so many seconds.",
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if options.timeout is not None and not options.wait:
            raise CommandError("--timeout needs --wait.", returncode=USAGE_ERROR)
        super().handle_backend(backend, console, options)

    def follow_up(
        self, inspection: Inspection, workers: Sequence[str], console: Console, options: Namespace
    ) -> dict[str, Any]:
        if not options.wait:
            return {}

        def tell(busy: Busy) -> None:
            if not options.json:
                jobs = format_count(busy.jobs, "running job")
                console.info(f"Waiting for {jobs} of {format_count(len(busy.running), 'worker')}.")

        left = wait_until_idle(inspection, workers, options.timeout, tell)
        if left.running:
            names = ", ".join(f"{name} ({number})" for name, number in left.running)
            raise CommandError(
                f"Jobs still run after {options.timeout:g} s, by worker: {names}. The workers stay"
                " quiet; wait again, or stop them."
            )
        if not options.json:
            console.info("No jobs are running in them any more.")
        return {"idle": True}


class Stop(CommandSubcommand):
    name = "stop"
    help = "Stops workers. Running jobs get the shutdown timeout, then go back to their queues."
    command = WorkerCommand.STOP
    effect = "stop"
