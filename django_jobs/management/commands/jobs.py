"""`manage.py jobs`: show, change and run jobs."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace
from typing import Any

from django.core.management.base import CommandError

from django_jobs.errors import BrokerError
from django_jobs.management.jobs import SUBCOMMANDS
from django_jobs.management.jobs.console import Console
from django_jobs.management.own_process import OwnProcessCommand

INTERRUPTED = 130
"""The exit code that shells use for a command ended by Ctrl-C."""


class Command(OwnProcessCommand):
    help = "Shows, changes and runs jobs."
    requires_system_checks = ()  # keeps health checks fast; `work` runs its own

    def add_arguments(self, parser: ArgumentParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
        for subcommand in SUBCOMMANDS:
            own = subparsers.add_parser(
                subcommand.name, help=subcommand.help, description=subcommand.help
            )
            subcommand.add_arguments(own)
            _accept_common_options(own)

    def handle(self, *args: Any, **options: Any) -> None:
        [subcommand] = [one for one in SUBCOMMANDS if one.name == options["subcommand"]]
        console = Console(out=self.stdout, err=self.stderr, verbosity=options["verbosity"])
        try:
            subcommand.run(console, Namespace(**options, owns_process=self.owns_process))
        except BrokerError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from error


def _accept_common_options(parser: ArgumentParser) -> None:
    """Accept Django's own options after the subcommand, too; the help lists them before it."""
    add = parser.add_argument
    add("-v", "--verbosity", type=int, choices=range(4), default=SUPPRESS, help=SUPPRESS)
    for option in ("--settings", "--pythonpath"):
        add(option, default=SUPPRESS, help=SUPPRESS)
    for switch in ("--traceback", "--no-color", "--force-color"):
        add(switch, action="store_true", default=SUPPRESS, help=SUPPRESS)
