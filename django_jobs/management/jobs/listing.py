"""`jobs list`: one page of the jobs that match."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from itertools import islice

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection.filters import LISTED, Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.clock import now_ms
from django_jobs.jobs.awaited import Awaited, AwaitedAttempt, AwaitedEvent, AwaitedNodes
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import JobRecord, State
from django_jobs.management.arguments import at_least, checked
from django_jobs.management.formatting import NONE, format_duration
from django_jobs.management.target import known_queue, make_redactor

from .base import ViewSubcommand
from .console import Console
from .json_output import job_summary

PAGE = 500
DEFAULT_LIMIT = 50


def add_filters(parser: ArgumentParser, states: Sequence[State] = LISTED) -> None:
    """Add the options that filter jobs."""
    add = parser.add_argument
    choices = [state.value for state in states]
    add(
        "--state",
        choices=choices,
        metavar="STATE",
        help=f"Only jobs in this state: {', '.join(choices)}.",
    )
    add("--queue", metavar="NAME", help="Only jobs in this queue.")
    add(
        "--task",
        metavar="PATH",
        help="Only jobs of this task: its dotted path, or the last parts of it.",
    )
    add(
        "--error",
        metavar="CLASS",
        help="Only jobs whose last error has this class: its dotted path, or the last parts of it.",
    )
    add(
        "--text",
        metavar="TEXT",
        help="Only jobs with this text in the visible part of their arguments.",
    )
    add("--batch", metavar="ID", help="Only jobs of this batch or workflow.")


def job_filter(options: Namespace, states: Sequence[State] = LISTED) -> Filter:
    """Return the filter that the options describe.

    Args:
        states: the states to include if the options name none.
    """
    return Filter(
        states=[State(options.state)] if options.state else states,
        queue=options.queue,
        task=options.task,
        error=options.error,
        text=options.text,
        batch=options.batch,
    )


def make_finder(backend: JobBackend, wanted: Filter) -> Finder:
    """Return a finder of jobs; it searches only the arguments that may be shown."""
    inspection = backend.broker.inspection
    if wanted.text is None:
        return Finder(inspection, wanted)
    return Finder(inspection, wanted, make_redactor(backend).arguments)


class List(ViewSubcommand):
    name = "list"
    help = "Lists jobs: those still to run in starting order, those that ended newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_filters(parser)
        parser.add_argument(
            "--limit",
            type=checked(at_least(1)),
            default=DEFAULT_LIMIT,
            metavar="N",
            help="Number of jobs to list. Defaults to %(default)s.",
        )
        parser.add_argument(
            "--offset",
            type=checked(at_least(0)),
            default=0,
            metavar="N",
            help="Number of jobs to skip.",
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        if options.queue:
            known_queue(backend, options.queue)
        finder = make_finder(backend, job_filter(options))
        found = find_page(finder, options.offset, options.limit + 1)
        shown = found[: options.limit]
        if options.json:
            console.show_json([job_summary(record) for record in shown])
        elif shown:
            _show(console, shown)
            if len(found) > len(shown):
                console.info(
                    f"\nThere are more: continue with --offset {options.offset + len(shown)}."
                )
        else:
            console.info("No jobs match.")


def find_page(finder: Finder, offset: int, limit: int) -> list[JobRecord]:
    """Return a page of the jobs that match."""
    inspection, wanted = finder.inspection, finder.wanted
    if wanted.is_indexed and len(wanted.states) == 1:
        [state] = wanted.states
        return list(inspection.jobs(state, queue=wanted.queue, offset=offset, limit=limit))
    size = min(PAGE, offset + limit)
    return list(islice(_each(finder, size), offset, offset + limit))


def _each(finder: Finder, size: int) -> Iterator[JobRecord]:
    """Yield all jobs that match; reads them in pages of `size`."""
    found = finder.page(limit=size)
    yield from found.records
    while found.end:
        found = finder.page(found.end, limit=size)
        yield from found.records


def _show(console: Console, records: Sequence[JobRecord]) -> None:
    now = now_ms()
    console.show_table(
        ("ID", "State", "Task", "Queue", "Priority", "Attempts", "Time", "Last error"),
        [
            (
                record.job.id,
                record.state.value,
                record.job.task,
                record.job.queue,
                record.job.priority,
                record.attempts,
                format_state_time(record, now),
                _last_error(record),
            )
            for record in records
        ],
    )


def format_awaited(awaited: Awaited) -> str:
    """Return for what a job waits."""
    match awaited:
        case AwaitedEvent():
            return f"for the {awaited.event} of batch {awaited.batch}"
        case AwaitedNodes():
            jobs = "job" if awaited.number == 1 else "jobs"
            return f"for {awaited.number:,} other {jobs} of workflow {awaited.workflow}"
        case AwaitedAttempt():
            return f"for the attempt of job {awaited.node}, which adds it"
        case JobLimit():
            key = f", key {awaited.value}" if awaited.value else ""
            return f"for a slot of the {awaited.kind.word} {awaited.name}{key}"


def _last_error(record: JobRecord) -> str:
    if record.state is State.WAITING and record.waits_for:
        return f"waits {format_awaited(record.waits_for)}"
    if record.postponement:
        exception = record.postponement.failure.exception
        return f"waits for a worker that knows it: {exception}"
    return record.failures[-1].exception if record.failures else NONE


def format_state_time(record: JobRecord, now: int) -> str:
    """Return the time that matters for a job's state."""
    if record.state in {State.SCHEDULED, State.RETRYING}:
        left = (record.due_at or now) - now
        return f"in {format_duration(left)}" if left > 0 else "now"
    if record.state in {State.QUEUED, State.WAITING}:
        return f"enqueued {format_duration(now - record.job.enqueued_at)} ago"
    if record.state is State.RUNNING:
        return f"for {format_duration(now - (record.last_attempted_at or now))}"
    return f"{format_duration(now - (record.finished_at or now))} ago"
