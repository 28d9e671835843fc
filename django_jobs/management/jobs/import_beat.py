"""`jobs import-beat`: print the schedule of Celery's beat as periodic tasks."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import CommandError

from django_jobs.management.beat.entries import BeatEntry, read_entries
from django_jobs.management.beat.source import to_source

from .base import Subcommand
from .console import Console


class ImportBeat(Subcommand):
    name = "import-beat"
    help = "Prints the schedule of Celery's beat as periodic tasks, to paste into tasks modules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print JSON.")

    def run(self, console: Console, options: Namespace) -> None:
        try:
            entries = read_entries()
        except ImportError as error:
            raise CommandError(
                f"Celery can't be imported ({error}): run the command in the environment of the"
                " site that has the schedule."
            ) from error
        if not entries:
            raise CommandError(
                "The schedule is empty. It comes from beat_schedule of the site's Celery app, which"
                " the package of the site has to import. Rows of django-celery-beat are not read."
            )
        if options.json:
            console.show_json([_entry_json(entry) for entry in entries])
            return
        console.out.write(to_source(entries), ending="")
        lacking = [entry.name for entry in entries if entry.cron is None]
        if lacking:
            console.warn(f"No cron line says the same as: {', '.join(lacking)}.")


def _entry_json(entry: BeatEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "task": entry.task,
        "line": entry.cron and entry.cron.line,
        "timezone": entry.cron and entry.cron.timezone,
        "args": list(entry.args),
        "kwargs": dict(entry.kwargs),
        "queue": entry.queue,
        "expires": entry.expires,
        "problem": entry.problem,
    }
