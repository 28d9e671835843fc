"""`jobs queues`, `jobs pause`, `jobs resume`, `jobs clear`: list and change queues."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.backends.queues import configured_and_known, fair_keys
from django_jobs.brokers.inspection.base import FairKey
from django_jobs.management.formatting import NONE, format_count, format_duration, printable
from django_jobs.management.target import known_queue, make_redactor

from .base import BackendSubcommand, ViewSubcommand
from .console import Console
from .json_output import fair_keys_json, queue_json

WHAT_STAYS = "Scheduled and retrying jobs stay, and those that wait for other jobs."


class Queues(ViewSubcommand):
    name = "queues"
    help = "Lists the queues with their number of queued jobs, the longest wait, and fair keys."

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        queues = configured_and_known(backend)
        keys = fair_keys(backend, queues, make_redactor(backend))
        if options.json:
            console.show_json(
                [
                    {
                        **queue_json(queue),
                        "fair_keys": fair_keys_json(keys.get(queue.name, ())),
                    }
                    for queue in queues
                ]
            )
        elif queues:
            console.show_table(
                ("Queue", "Queued", "Longest wait", "Waiting", "Paused"),
                [
                    (
                        queue.name,
                        queue.size,
                        format_duration(queue.latency) if queue.size else NONE,
                        queue.waiting,
                        "paused" if queue.paused else "",
                    )
                    for queue in queues
                ],
            )
            for name, longest in keys.items():
                _show_fair_keys(console, name, longest)
        else:
            console.info("There are no queues yet: the first job creates one.")


def _show_fair_keys(console: Console, queue: str, keys: Sequence[FairKey]) -> None:
    """Write which keys of a queue with turns have the longest lines."""
    console.out.write(f"\nThe longest lines in {printable(queue)}:")
    console.show_table(
        ("Fair key", "Priority", "Rounds"),
        [(one.key or "(none)", one.priority, one.rounds) for one in keys],
    )


class QueueSubcommand(BackendSubcommand):
    """A subcommand that changes one queue."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("queue", metavar="QUEUE", help="Name of the queue.")


class Pause(QueueSubcommand):
    name = "pause"
    help = "Pauses a queue: workers take no more jobs from it. Running jobs go on."

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        queue = known_queue(backend, options.queue)
        backend.broker.inspection.pause(queue.name)
        if options.json:
            console.show_json({"queue": queue.name, "paused": True})
        else:
            console.info(f"Queue {queue.name} is paused until manage.py jobs resume {queue.name}.")


class Resume(QueueSubcommand):
    name = "resume"
    help = "Resumes a paused queue: workers take its jobs again."

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        queue = known_queue(backend, options.queue)
        backend.broker.inspection.resume(queue.name)
        if options.json:
            console.show_json({"queue": queue.name, "paused": False})
        else:
            console.info(f"Queue {queue.name} is resumed.")


class Clear(QueueSubcommand):
    name = "clear"
    help = (
        "Deletes all jobs of a queue for good that are queued or wait for a limit. Scheduled and"
        " retrying jobs stay, and those that wait for other jobs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="Do not ask for confirmation.",
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        queue = known_queue(backend, options.queue)
        if known := queue.size + queue.waiting:
            console.confirm(
                f"Delete the {format_count(known, 'job')} in queue {queue.name}?",
                interactive=options.interactive,
            )
        cleared = backend.broker.inspection.clear(queue.name)
        if options.json:
            console.show_json({"queue": queue.name, "cleared": cleared})
        elif cleared:
            console.info(
                f"{format_count(cleared, 'job')} in queue {queue.name} deleted. {WHAT_STAYS}"
            )
        if not cleared:
            raise CommandError(f"Queue {queue.name} has no jobs to delete. {WHAT_STAYS}")
