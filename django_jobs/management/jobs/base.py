"""Base classes for the subcommands of `manage.py jobs`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from typing import ClassVar

from django_jobs.backends.base import JobBackend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.management.arguments import checked, seconds_of_at_least
from django_jobs.management.target import visible_backend

from .console import Console
from .live_view import SHORTEST_INTERVAL, watch

USAGE_ERROR = 2
"""The exit code of invalid combinations of arguments, as in argparse."""


class Subcommand(ABC):
    """A subcommand of `manage.py jobs`."""

    name: ClassVar[str]
    help: ClassVar[str]

    @abstractmethod
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments to the parser of the subcommand."""

    @abstractmethod
    def run(self, console: Console, options: Namespace) -> None:
        """Run the subcommand.

        Raises:
            CommandError: it failed; has the message to show.
            BrokerError: the broker does not answer.
        """


class BackendSubcommand(Subcommand):
    """A subcommand for one backend."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--backend",
            default=DEFAULT_TASK_BACKEND_ALIAS,
            metavar="ALIAS",
            help="Alias in TASKS. Defaults to %(default)r.",
        )
        parser.add_argument("--json", action="store_true", help="Print JSON.")

    def run(self, console: Console, options: Namespace) -> None:
        self.handle_backend(self.find_backend(options.backend), console, options)

    def find_backend(self, alias: str) -> JobBackend:
        """Return the backend of an alias, if this process can see its jobs."""
        return visible_backend(alias)

    @abstractmethod
    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        """Run the subcommand with a backend; raises what `run` raises."""


class ViewSubcommand(BackendSubcommand):
    """A subcommand that only shows something, once or again and again."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--watch", action="store_true", help="Show it again and again, until Ctrl-C."
        )
        parser.add_argument(
            "--interval",
            type=checked(seconds_of_at_least(SHORTEST_INTERVAL)),
            default=2.0,
            metavar="SECONDS",
            help="Time between two views with --watch. Defaults to 2.",
        )

    def run(self, console: Console, options: Namespace) -> None:
        backend = self.find_backend(options.backend)

        def show(view: Console) -> None:
            self.handle_backend(backend, view, options)

        if options.watch:
            title = f"jobs {self.name}, {backend.alias}"
            watch(show, console, title=title, seconds=options.interval, as_json=options.json)
        else:
            show(console)
