"""`jobs list`: a page of the jobs in a state, or in every state."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection import Inspection
from django_jobs.clock import now_ms
from django_jobs.job import Record, State
from django_jobs.management.arguments import at_least, checked

from .base import BackendSubcommand
from .console import Console
from .shapes import job_summary
from .target import known_queue
from .wording import NONE, span

PAGE = 500
LARGEST_PAGE = 5000
DEFAULT_LIMIT = 50

LISTED = (
    State.RUNNING,
    State.QUEUED,
    State.RETRYING,
    State.SCHEDULED,
    State.DEAD,
    State.DISCARDED,
    State.SUCCEEDED,
)
"""States in the order of the listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which jobs are meant.

    Attributes:
        states: jobs in one of them, listed in this order.
        task: the dotted path of a task, or its last parts.
    """

    states: Sequence[State] = LISTED
    queue: str | None = None
    task: str | None = None

    def wants(self, record: Record) -> bool:
        """Tell whether a job of these states and this queue is meant."""
        path = record.job.task
        return self.task is None or path == self.task or path.endswith(f".{self.task}")


def add_filters(parser: ArgumentParser, states: Sequence[State] = LISTED) -> None:
    """Add the options that say which jobs are meant."""
    add = parser.add_argument
    choices = [state.value for state in states]
    add(
        "--state",
        choices=choices,
        metavar="STATE",
        help=f"only jobs in this state: {', '.join(choices)}",
    )
    add("--queue", metavar="NAME", help="only jobs of this queue")
    add("--task", metavar="PATH", help="only jobs of this task: its dotted path, or its last parts")


class List(BackendSubcommand):
    name = "list"
    help = "Lists jobs: those that wait in the order of their start, those that ended newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_filters(parser)
        parser.add_argument(
            "--limit",
            type=checked(at_least(1)),
            default=DEFAULT_LIMIT,
            metavar="N",
            help="how many at most, by default %(default)s",
        )
        parser.add_argument(
            "--offset",
            type=checked(at_least(0)),
            default=0,
            metavar="N",
            help="how many to leave out before",
        )

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        if options.queue:
            known_queue(backend, options.queue)
        filters = Filters(
            states=[State(options.state)] if options.state else LISTED,
            queue=options.queue,
            task=options.task,
        )
        inspection = backend.broker.inspection
        found = page(inspection, filters, options.offset, options.limit + 1)
        shown = found[: options.limit]
        if options.json:
            console.show_json([job_summary(record) for record in shown])
        elif shown:
            _show(console, shown)
            if len(found) > len(shown):
                console.say(f"\nThere are more: --offset {options.offset + len(shown)}")
        else:
            console.say("There are no such jobs.")


def page(inspection: Inspection, filters: Filters, offset: int, limit: int) -> list[Record]:
    """Return a page of the jobs that are meant."""
    if filters.task is None and len(filters.states) == 1:
        [state] = filters.states
        return list(inspection.jobs(state, queue=filters.queue, offset=offset, limit=limit))
    size = min(PAGE, offset + limit)
    records = chain.from_iterable(
        _each(inspection, state, filters.queue, size) for state in filters.states
    )
    return list(islice(filter(filters.wants, records), offset, offset + limit))


def _each(inspection: Inspection, state: State, queue: str | None, size: int) -> Iterator[Record]:
    """Yield all jobs of a state, in pages that grow: what a page leaves out costs time, too."""
    offset = 0
    while records := inspection.jobs(state, queue=queue, offset=offset, limit=size):
        yield from records
        offset += size
        size = min(2 * size, LARGEST_PAGE)


def _show(console: Console, records: Sequence[Record]) -> None:
    now = now_ms()
    console.show_table(
        ("ID", "State", "Task", "Queue", "Priority", "Attempts", "When", "Last error"),
        [
            (
                record.job.id,
                record.state.value,
                record.job.task,
                record.job.queue,
                record.job.priority,
                record.attempts,
                when(record, now),
                record.failures[-1].exception if record.failures else NONE,
            )
            for record in records
        ],
    )


def when(record: Record, now: int) -> str:
    """Return the time that matters for a job's state."""
    if record.state in {State.SCHEDULED, State.RETRYING}:
        left = (record.due_at or now) - now
        return f"in {span(left)}" if left > 0 else "now"
    if record.state is State.QUEUED:
        return f"enqueued {span(now - record.job.enqueued_at)} ago"
    if record.state is State.RUNNING:
        return f"for {span(now - (record.last_attempted_at or now))}"
    return f"{span(now - (record.finished_at or now))} ago"
