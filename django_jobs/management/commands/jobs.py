"""`manage.py jobs`: show, change and run jobs."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from typing import Any

from django.core.management.base import CommandError

from django_jobs.errors import BrokerError
from django_jobs.management.jobs import SUBCOMMANDS
from django_jobs.management.jobs.console import Console
from django_jobs.management.own_process import OwnProcessCommand
from django_jobs.suggest import unknown_name

INTERRUPTED = 130
"""The exit code that shells use for a command ended by Ctrl-C."""

USAGE_ERROR = 2
"""The exit code of `argparse` for arguments that it does not accept."""

ELSEWHERE = {
    **dict.fromkeys(("ls", "active", "failed", "scheduled"), "list"),
    **dict.fromkeys(("rm", "remove"), "delete"),
    **dict.fromkeys(("info", "status", "top"), "stats"),
    **dict.fromkeys(("ps", "inspect", "busy"), "workers"),
    **dict.fromkeys(("purge", "empty", "flush"), "clear"),
    **dict.fromkeys(("run", "start", "worker", "runworker"), "work"),
    **dict.fromkeys(("beat", "cron", "schedule"), "periodic"),
    **dict.fromkeys(("kill", "shutdown", "control"), "stop"),
    **dict.fromkeys(("requeue", "rerun"), "retry"),
    **dict.fromkeys(("revoke", "abort", "discard"), "cancel"),
    "suspend": "pause",
    "get": "show",
    "ping": "check",
}
"""Subcommands of other command lines, with ours."""


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

    def run_from_argv(self, argv: list[str]) -> Any:
        """Suggest a subcommand for one that does not exist, before Django reads the arguments."""
        names = [subcommand.name for subcommand in SUBCOMMANDS]
        given = "".join(argv[2:3])
        if given and not given.startswith("-") and given not in names:
            self.stderr.write(unknown_name("subcommand", given, names, ELSEWHERE))
            sys.exit(USAGE_ERROR)
        return super().run_from_argv(argv)

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
