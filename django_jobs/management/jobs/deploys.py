"""`jobs mark-deploy`: marks a deploy on the charts of the dashboard."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import datetime

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.clock import to_ms
from django_jobs.management.arguments import checked
from django_jobs.management.formatting import format_time
from django_jobs.management.last_commit import describe_last_commit
from django_jobs.management.target import job_backend
from django_jobs.metrics.deploys import MAX_LABEL

from .base import BackendSubcommand
from .console import Console
from .json_output import iso_time


def _moment(text: str) -> int:
    try:
        return to_ms(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError(
            f"give a time such as 2027-01-31T18:00 or 2027-01-31T18:00+01:00, not {text!r}."
        ) from None


class MarkDeploy(BackendSubcommand):
    name = "mark-deploy"
    help = "Marks a deploy on the charts of the dashboard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "label",
            nargs="?",
            metavar="LABEL",
            help="What was deployed. Defaults to the last Git commit in the current folder.",
        )
        parser.add_argument(
            "--at",
            type=checked(_moment),
            metavar="TIME",
            help="When it was deployed, in ISO 8601. Defaults to now.",
        )

    def find_backend(self, alias: str) -> JobBackend:
        """Return a backend that keeps marks until a page shows them."""
        backend = job_backend(alias)
        if not backend.persistent:
            raise CommandError(
                f"TASKS[{alias!r}] is {type(backend).__name__}, which keeps everything in the"
                " memory of its process, so the mark would be lost when this command ends. Set"
                " JOB_BACKEND=redis, or name another alias with --backend."
            )
        return backend

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        label = describe_last_commit()[:MAX_LABEL] if options.label is None else options.label
        try:
            mark = backend.broker.inspection.metrics.mark_deploy(label, options.at)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if options.json:
            console.show_json({"label": mark.label, "at": iso_time(mark.at)})
        else:
            console.info(f"Marked on the charts: {mark.label}, {format_time(mark.at)}.")
