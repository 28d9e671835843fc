"""What the subcommands of `manage.py jobs` have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from typing import Any, ClassVar

from django_jobs.backends.base import JobBackend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS

from .console import Console
from .target import visible_backend


class Subcommand(ABC):
    """One word after `manage.py jobs`."""

    name: ClassVar[str]
    help: ClassVar[str]

    @abstractmethod
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add its arguments to its own parser."""

    @abstractmethod
    def run(self, console: Console, options: Namespace) -> None:
        """Do it.

        Raises:
            CommandError: with the sentence to show.
            BrokerError: the broker does not answer.
        """


class BackendSubcommand(Subcommand):
    """A subcommand that looks at the jobs of one backend."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--backend",
            default=DEFAULT_TASK_BACKEND_ALIAS,
            metavar="ALIAS",
            help="alias in TASKS, by default %(default)r",
        )
        parser.add_argument("--json", action="store_true", help="answer with JSON")

    def run(self, console: Console, options: Namespace) -> None:
        self.act(self.find_backend(options.backend), console, options)

    def find_backend(self, alias: str) -> JobBackend[Any]:
        """Return the backend to look at, if this process can see its jobs."""
        return visible_backend(alias)

    @abstractmethod
    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        """Do it with a backend; raises what `run` raises."""
