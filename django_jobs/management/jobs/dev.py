"""`jobs dev`: the site and its workers in one terminal."""

from __future__ import annotations

import sys
import threading
from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from django_jobs.backends.configured import our_backends
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.management.deployment.project import worker_arguments
from django_jobs.management.side_by_side import run_side_by_side

from .base import Subcommand
from .console import Console

SITE = "site"


class Dev(Subcommand):
    name = "dev"
    help = "Runs the site and its workers until Ctrl-C. All of them reload code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "address",
            nargs="?",
            metavar="PORT",
            default="8000",
            help="Port of the site, or ADDRESS:PORT. Defaults to %(default)s.",
        )

    def run(self, console: Console, options: Namespace) -> None:
        manage = _manage(options)
        commands = {SITE: [*manage, "runserver", options.address, *_colors(console)]}
        for backend in our_backends():
            if backend.persistent:
                default = backend.alias == DEFAULT_TASK_BACKEND_ALIAS
                name = "worker" if default else f"worker {backend.alias}"
                commands[name] = [
                    *(*manage, *worker_arguments(), "--backend", backend.alias),
                    *("--processes", "1", "--reload", "-v", "2", *_colors(console)),
                ]
        if len(commands) == 1:
            console.info(
                "No worker is needed, as no backend of this site keeps its jobs in Redis. With"
                " JOB_BACKEND=redis, a worker starts, too."
            )
        _run(console, commands)


def _run(console: Console, commands: dict[str, list[str]]) -> None:
    width = max(map(len, commands))
    lock = threading.Lock()

    def show(name: str, line: str) -> None:
        with lock:
            console.out.write(f"{name:<{width}} | {line}")
            console.out.flush()

    ended = run_side_by_side(commands, show)
    if ended:
        name, code = ended
        others = "" if len(commands) == 1 else ", so everything else was stopped"
        raise CommandError(
            f"The {name} ended with exit code {code}{others}; its lines above say why.",
            returncode=code if code > 0 else 1,
        )


def _manage(options: Namespace) -> list[str]:
    """Return the words that start a command of this site, as this one was started."""
    if not options.owns_process:
        raise CommandError("jobs dev works on the command line only.")
    words = sys.orig_argv[1 : sys.orig_argv.index("jobs")]
    path = getattr(options, "pythonpath", None)
    # The settings module is in the environment.
    return [sys.executable, *words, *(["--pythonpath", path] if path else [])]


def _colors(console: Console) -> list[str]:
    """Return the option that keeps colors, which commands leave out if they write to a pipe."""
    return ["--force-color"] if console.out.isatty() else []
