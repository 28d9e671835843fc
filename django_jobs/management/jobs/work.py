"""`jobs work`: `runworker` under a name that no other app uses."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from django_jobs.management.commands.runworker import Command as RunWorker

from .base import Subcommand
from .console import Console


class Work(Subcommand):
    name = "work"
    help = "Runs jobs until it is stopped. Same as runworker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        RunWorker().add_arguments(parser)
        parser.add_argument("--skip-checks", action="store_true", help="Skip system checks.")

    def run(self, console: Console, options: Namespace) -> None:
        command = RunWorker()
        command.stdout, command.stderr = console.out, console.err
        command.owns_process = options.owns_process
        # execute() also runs the system checks of runworker; handle() would not.
        command.execute(**vars(options))
