"""`jobs queues`, `jobs pause`, `jobs resume`, `jobs clear`: queues as a whole."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.backends.known_queues import all_queues

from .base import BackendSubcommand
from .console import Console
from .shapes import queue_shape
from .target import known_queue
from .wording import NONE, count, span


class Queues(BackendSubcommand):
    name = "queues"
    help = "Lists the queues with what waits in them."

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        queues = all_queues(backend)
        if options.json:
            console.show_json([queue_shape(queue) for queue in queues])
        elif queues:
            console.show_table(
                ("Queue", "Queued", "Latency", "Paused"),
                [
                    (
                        queue.name,
                        queue.size,
                        span(queue.latency) if queue.size else NONE,
                        "paused" if queue.paused else "",
                    )
                    for queue in queues
                ],
            )
        else:
            console.say("There are no queues yet: the first job makes one.")


class QueueSubcommand(BackendSubcommand):
    """A subcommand that changes one queue."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("queue", metavar="QUEUE", help="name of the queue")


class Pause(QueueSubcommand):
    name = "pause"
    help = "Lets workers take no more jobs from a queue; those that run go on."

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        queue = known_queue(backend, options.queue)
        backend.broker.inspection.pause(queue.name)
        if options.json:
            console.show_json({"queue": queue.name, "paused": True})
        else:
            console.say(f"The queue {queue.name} is paused until manage.py jobs resume.")


class Resume(QueueSubcommand):
    name = "resume"
    help = "Lets workers take jobs from a paused queue again."

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        queue = known_queue(backend, options.queue)
        backend.broker.inspection.resume(queue.name)
        if options.json:
            console.show_json({"queue": queue.name, "paused": False})
        else:
            console.say(f"Workers take jobs from the queue {queue.name}.")


class Clear(QueueSubcommand):
    name = "clear"
    help = "Forgets all queued jobs of a queue, for good. Scheduled and retrying ones stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="do not ask before",
        )

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        queue = known_queue(backend, options.queue)
        if queue.size:
            console.confirm(
                f"Forget the {count(queue.size, 'job')} of the queue {queue.name}?",
                interactive=options.interactive,
            )
        cleared = backend.broker.inspection.clear(queue.name)
        if options.json:
            console.show_json({"queue": queue.name, "cleared": cleared})
        elif cleared:
            console.say(f"{count(cleared, 'job')} of the queue {queue.name} deleted.")
        if not cleared:
            raise CommandError(f"The queue {queue.name} is empty already.")
