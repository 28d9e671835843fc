"""What `jobs batches` and `jobs workflows` have in common: list, show, cancel and retry."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.errors import BatchCancelled
from django_jobs.jobs.batches import BatchRecord
from django_jobs.management.formatting import NONE, format_count, format_time, printable
from django_jobs.management.target import make_redactor

from .base import USAGE_ERROR, ViewSubcommand
from .console import Console
from .json_output import batch_json

LISTED = 50
"""How many are listed, newest first."""

ABANDONED = "yes: the block that opened it vanished"


class JobGroups(ViewSubcommand):
    """A subcommand for batches, or for workflows.

    Attributes:
        noun: what it calls one of them.
        nouns: what it calls several.
        members: what it calls their jobs.
        is_workflow: whether it is for workflows.
    """

    noun: ClassVar[str]
    nouns: ClassVar[str]
    members: ClassVar[str]
    is_workflow: ClassVar[bool]

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", nargs="?", metavar="ID", help=f"ID of a {self.noun}.")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--cancel",
            action="store_true",
            help=f"Discard the {self.members} that have not started.",
        )
        what.add_argument(
            "--retry-dead", action="store_true", help=f"Queue the dead {self.members} again."
        )

    def run(self, console: Console, options: Namespace) -> None:
        changes = options.cancel or options.retry_dead
        if changes and options.id is None:
            raise CommandError(f"Give the ID of a {self.noun}.", returncode=USAGE_ERROR)
        if changes and options.watch:
            raise CommandError(f"--watch only shows {self.nouns}.", returncode=USAGE_ERROR)
        super().run(console, options)

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if options.id is None:
            self._list(backend, console, as_json=options.json)
            return
        record = backend.batches.find(options.id)
        if record is None or record.is_workflow != self.is_workflow:
            raise CommandError(f"There is no {self.noun} {options.id!r}, or it is no longer kept.")
        if options.cancel:
            self._cancel(backend, console, options)
        elif options.retry_dead:
            self._retry(backend, console, options)
        else:
            self.show(backend, make_redactor(backend).batch(record), console, options)

    def _list(self, backend: JobBackend, console: Console, *, as_json: bool) -> None:
        redactor, broker = make_redactor(backend), backend.broker.batches
        found = broker.list(workflows=self.is_workflow, limit=LISTED)
        groups = [*map(redactor.batch, found)]
        if as_json:
            console.show_json([batch_json(one) for one in groups])
        elif groups:
            counted = (self.members.capitalize(), "Open", "Succeeded", "Dead", "Discarded")
            console.show_table(
                (self.noun.capitalize(), "Name", "State", *counted),
                [(one.id, one.name or NONE, one.state.value, *one.counts) for one in groups],
            )
            if (total := broker.count(workflows=self.is_workflow)) > len(groups):
                console.info(f"\nThese are the newest {len(groups)} of {total:,} {self.nouns}.")
        else:
            console.info(f"There are no {self.nouns}.")

    def show(
        self, backend: JobBackend, record: BatchRecord, console: Console, options: Namespace
    ) -> None:
        """Show one, redacted."""
        if options.json:
            console.show_json(batch_json(record))
        else:
            self.show_facts(record, console)

    def show_facts(self, record: BatchRecord, console: Console) -> None:
        """Show what is known of one as text."""
        facts = [(label, text) for label, text in self._facts(record) if text != NONE]
        width = max(len(label) for label, _ in facts)
        for label, text in facts:
            console.out.write(f"{label.ljust(width)}  {printable(text)}")

    def _facts(self, record: BatchRecord) -> Iterator[tuple[str, str]]:
        counts = record.counts
        cancelled = f"yes: its {self.members} are discarded when their turn comes"
        yield self.noun.capitalize(), record.id
        yield "Name", record.name or NONE
        yield "State", record.state.value
        yield "Cancelled", cancelled if record.is_cancelled else NONE
        yield "Abandoned", ABANDONED if record.is_abandoned else NONE
        yield (
            self.members.capitalize(),
            f"{counts.total:,}: {counts.open:,} open, {counts.succeeded:,} succeeded",
        )
        yield "Not succeeded", f"{counts.dead:,} dead, {counts.discarded:,} discarded"
        yield "Opened", format_time(record.opened_at)
        yield "Ended", format_time(record.ended_at)
        for event, job_id in record.callbacks.items():
            yield (
                f"On {event.value}",
                f"job {job_id}{', started' if event in record.happened else ''}",
            )
        yield "Metadata", record.metadata or NONE

    def _cancel(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        cancelled = backend.batches.cancel(options.id)
        if options.json:
            console.show_json({self.noun: options.id, "cancelled": cancelled})
        elif cancelled:
            console.info(
                f"Its {self.members} are discarded when their turn comes. Running ones go on."
            )
        else:
            raise CommandError(f"The {self.noun} {options.id} has ended, or was cancelled before.")

    def _retry(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        try:
            retried, locked, _ = backend.batches.retry_dead(options.id)
        except BatchCancelled as error:
            raise CommandError(str(error)) from error
        if options.json:
            console.show_json({self.noun: options.id, "retried": retried, "locked": locked})
            return
        console.info(f"{format_count(retried, 'dead job')} queued again.")
        if locked:
            console.info(
                f"{format_count(locked, 'unique job')} not retried, as other jobs hold their locks."
            )
