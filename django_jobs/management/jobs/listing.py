"""`jobs list`: a page of the jobs in a state, or in every state."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.finder import Finder
from django_jobs.brokers.search import LISTED, Filter
from django_jobs.clock import now_ms
from django_jobs.job import Record, State
from django_jobs.management.arguments import at_least, checked

from .base import BackendSubcommand
from .console import Console
from .shapes import job_summary
from .target import known_queue, redactor_of
from .wording import NONE, span

PAGE = 500
DEFAULT_LIMIT = 50


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
    add(
        "--error",
        metavar="CLASS",
        help="only jobs whose last error is of this class: its dotted path, or its last parts",
    )
    add(
        "--text",
        metavar="TEXT",
        help="only jobs with this text in what is shown of their arguments",
    )


def wanted_jobs(options: Namespace, states: Sequence[State] = LISTED) -> Filter:
    """Return which jobs the options mean.

    Args:
        states: which are meant if the options say none.
    """
    return Filter(
        states=[State(options.state)] if options.state else states,
        queue=options.queue,
        task=options.task,
        error=options.error,
        text=options.text,
    )


def finder_of(backend: JobBackend[Any], wanted: Filter) -> Finder:
    """Return what finds the jobs that are meant, by what may be seen of them."""
    inspection = backend.broker.inspection
    if wanted.text is None:
        return Finder(inspection, wanted)
    return Finder(inspection, wanted, redactor_of(backend).arguments)


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
        finder = finder_of(backend, wanted_jobs(options))
        found = page(finder, options.offset, options.limit + 1)
        shown = found[: options.limit]
        if options.json:
            console.show_json([job_summary(record) for record in shown])
        elif shown:
            _show(console, shown)
            if len(found) > len(shown):
                console.say(f"\nThere are more: --offset {options.offset + len(shown)}")
        else:
            console.say("There are no such jobs.")


def page(finder: Finder, offset: int, limit: int) -> list[Record]:
    """Return a page of the jobs that are meant."""
    inspection, wanted = finder.inspection, finder.wanted
    if wanted.is_indexed and len(wanted.states) == 1:
        [state] = wanted.states
        return list(inspection.jobs(state, queue=wanted.queue, offset=offset, limit=limit))
    size = min(PAGE, offset + limit)
    return list(islice(_each(finder, size), offset, offset + limit))


def _each(finder: Finder, size: int) -> Iterator[Record]:
    """Yield all jobs that are meant, in pages of some size."""
    found = finder.page(limit=size)
    yield from found.records
    while found.end:
        found = finder.page(found.end, limit=size)
        yield from found.records


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
