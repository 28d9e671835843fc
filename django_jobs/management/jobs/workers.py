"""`jobs workers`, `jobs quiet`, `jobs stop`: the workers that are alive."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any, ClassVar

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.base import Order, WorkerInfo
from django_jobs.clock import now_ms
from django_jobs.suggest import unknown
from django_jobs.worker.heartbeat import BEATS

from .base import BackendSubcommand
from .console import Console
from .repairs import USAGE
from .shapes import worker_shape
from .wording import count, span


class Workers(BackendSubcommand):
    name = "workers"
    help = "Lists the workers that are alive, with what they serve."

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        workers = backend.broker.inspection.workers()
        if options.json:
            console.show_json([worker_shape(worker) for worker in workers])
        elif workers:
            now = now_ms()
            console.show_table(
                ("Worker", "Queues", "Threads", "Running", "Up for", "State"),
                [
                    (
                        worker.id,
                        ",".join(worker.queues) or "every queue",
                        worker.concurrency,
                        len(worker.running),
                        span(now - worker.started_at),
                        _state(worker),
                    )
                    for worker in workers
                ],
            )
        else:
            console.say("No worker is alive: start one with manage.py runworker.")


def _state(worker: WorkerInfo) -> str:
    state = "quiet" if worker.quiet else "working"
    return f"{state}, {len(worker.stuck)} stuck" if worker.stuck else state


class OrderSubcommand(BackendSubcommand):
    """A subcommand that leaves an order for workers."""

    order: ClassVar[Order]
    effect: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("workers", metavar="WORKER", nargs="*", help="ids of workers")
        parser.add_argument("--all", action="store_true", help="instead of ids: every worker")
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="do not ask before --all",
        )

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        if bool(options.workers) == options.all:
            raise CommandError("Which workers? Give their ids, or --all.", returncode=USAGE)
        inspection = backend.broker.inspection
        alive = [worker.id for worker in inspection.workers()]
        if not alive:
            raise CommandError("No worker is alive.")
        for worker in options.workers:
            if worker not in alive:
                raise CommandError(unknown("worker", worker, alive))
        if options.all:
            question = f"Tell {count(len(alive), 'worker')} to {self.effect}?"
            console.confirm(question, interactive=options.interactive)
        told = [
            worker for worker in options.workers or alive if inspection.order(worker, self.order)
        ]
        if options.json:
            console.show_json({"order": self.order.value, "workers": told})
            return
        console.say(
            f"Told {count(len(told), 'worker')} to {self.effect}, which happens with the next"
            f" heartbeat: within {backend.broker.lease / BEATS:g} s."
        )


class Quiet(OrderSubcommand):
    name = "quiet"
    help = "Lets workers take no more jobs, as before a deploy; it can't be undone."
    order = Order.QUIET
    effect = "take no more jobs"


class Stop(OrderSubcommand):
    name = "stop"
    help = "Stops workers; running jobs get their shutdown timeout, then go back to their queues."
    order = Order.STOP
    effect = "stop"
