"""`jobs batches`: lists batches, shows one, cancels it, or retries its dead members."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.batches import BatchRecord
from django_jobs.management.formatting import NONE, format_count, format_time, printable
from django_jobs.management.target import make_redactor

from .base import USAGE_ERROR, ViewSubcommand
from .console import Console
from .json_output import batch_json

LISTED = 50
"""How many batches are listed, newest first."""

CANCELLED = "yes: its members are discarded when their turn comes"
ABANDONED = "yes: the block that opened it vanished"


class Batches(ViewSubcommand):
    name = "batches"
    help = "Lists batches with their counts, newest first, or shows, cancels or retries one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", nargs="?", metavar="ID", help="ID of a batch.")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--cancel", action="store_true", help="Discard the members that have not started."
        )
        what.add_argument("--retry-dead", action="store_true", help="Queue the dead members again.")

    def run(self, console: Console, options: Namespace) -> None:
        changes = options.cancel or options.retry_dead
        if changes and options.id is None:
            raise CommandError("Give the ID of a batch.", returncode=USAGE_ERROR)
        if changes and options.watch:
            raise CommandError("--watch only shows batches.", returncode=USAGE_ERROR)
        super().run(console, options)

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if options.id is None:
            _list(backend, console, as_json=options.json)
            return
        record = backend.batches.find(options.id)
        if record is None:
            raise CommandError(f"There is no batch {options.id!r}, or it is no longer kept.")
        if options.cancel:
            _cancel(backend, console, options)
        elif options.retry_dead:
            _retry(backend, console, options)
        else:
            _show(make_redactor(backend).batch(record), console, as_json=options.json)


def _list(backend: JobBackend, console: Console, *, as_json: bool) -> None:
    redactor = make_redactor(backend)
    batches = [*map(redactor.batch, backend.broker.batches.list(limit=LISTED))]
    if as_json:
        console.show_json([batch_json(one) for one in batches])
    elif batches:
        console.show_table(
            ("Batch", "Name", "State", "Members", "Open", "Succeeded", "Dead", "Discarded"),
            [(one.id, one.name or NONE, one.state.value, *one.counts) for one in batches],
        )
        if (total := backend.broker.batches.count()) > len(batches):
            console.info(f"\nThese are the newest {len(batches)} of {total:,} batches.")
    else:
        console.info("There are no batches.")


def _show(record: BatchRecord, console: Console, *, as_json: bool) -> None:
    if as_json:
        console.show_json(batch_json(record))
        return
    facts = [(label, text) for label, text in _facts(record) if text != NONE]
    width = max(len(label) for label, _ in facts)
    for label, text in facts:
        console.out.write(f"{label.ljust(width)}  {printable(text)}")


def _facts(record: BatchRecord) -> Iterator[tuple[str, str]]:
    counts = record.counts
    yield "Batch", record.id
    yield "Name", record.name or NONE
    yield "State", record.state.value
    yield "Cancelled", CANCELLED if record.is_cancelled else NONE
    yield "Abandoned", ABANDONED if record.is_abandoned else NONE
    yield "Members", f"{counts.total:,}: {counts.open:,} open, {counts.succeeded:,} succeeded"
    yield "Not succeeded", f"{counts.dead:,} dead, {counts.discarded:,} discarded"
    yield "Opened", format_time(record.opened_at)
    yield "Ended", format_time(record.ended_at)
    for event, job_id in record.callbacks.items():
        yield f"On {event.value}", f"job {job_id}{', started' if event in record.happened else ''}"
    yield "Metadata", record.metadata or NONE


def _cancel(backend: JobBackend, console: Console, options: Namespace) -> None:
    cancelled = backend.batches.cancel(options.id)
    if options.json:
        console.show_json({"batch": options.id, "cancelled": cancelled})
    elif cancelled:
        console.info("Its members are discarded when their turn comes. Running ones go on.")
    else:
        raise CommandError(f"The batch {options.id} has ended, or was cancelled before.")


def _retry(backend: JobBackend, console: Console, options: Namespace) -> None:
    retried, locked, _ = backend.batches.retry_dead(options.id)
    if options.json:
        console.show_json({"batch": options.id, "retried": retried, "locked": locked})
        return
    console.info(f"{format_count(retried, 'dead job')} queued again.")
    if locked:
        console.info(
            f"{format_count(locked, 'unique job')} not retried, as other jobs hold their locks."
        )
