"""`jobs work`: `runworker` under a name that no other app has."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from django_jobs.management.commands.runworker import Command as RunWorker

from .base import Subcommand
from .console import Console


class Work(Subcommand):
    name = "work"
    help = "Runs jobs until it is stopped; the same command as runworker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        RunWorker().add_arguments(parser)
        parser.add_argument("--skip-checks", action="store_true", help="skip system checks")

    def run(self, console: Console, options: Namespace) -> None:
        command = RunWorker()
        command.stdout, command.stderr = console.out, console.err
        command.is_program = options.is_program
        # Not handle(): the system checks of runworker belong to it.
        command.execute(**vars(options))
