"""`jobs show`: all that is known of one job."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.constants import UPSTREAM_FAILED
from django_jobs.clock import now_ms
from django_jobs.errors import BrokenPayload
from django_jobs.jobs.call_text import format_call
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Failure, JobRecord, State
from django_jobs.management.formatting import NONE, format_time, printable
from django_jobs.management.target import make_redactor
from django_jobs.serialization.arguments import peek_value

from .base import ViewSubcommand
from .console import Console
from .json_output import job_details
from .listing import format_awaited, format_state_time

CANCEL_REQUESTED = "yes: it ends as discarded as soon as its code can be interrupted"


class Show(ViewSubcommand):
    name = "show"
    help = "Shows one job with its arguments, times and errors. Secrets are hidden."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", metavar="ID", help="ID of the job.")

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        found = backend.broker.inspection.find(options.id)
        if found is None:
            raise CommandError(f"There is no job {options.id!r}, or it is no longer kept.")
        record = make_redactor(backend).record(found)
        if options.json:
            console.show_json(job_details(record))
            return
        group = "Workflow" if _is_node(backend, record) else "Batch"
        facts = [(label, text) for label, text in _facts(record, group) if text != NONE]
        width = max(len(label) for label, _ in facts)
        for label, text in facts:
            console.out.write(f"{label.ljust(width)}  {printable(text)}")
        for failure in record.failures:
            console.out.write(printable(_format_failure(failure)))


def _is_node(backend: JobBackend, record: JobRecord) -> bool:
    found = backend.batches.find(record.job.batch) if record.job.batch else None
    return found is not None and found.is_workflow


def _facts(record: JobRecord, group: str) -> Iterator[tuple[str, str]]:
    """Yield what is known of a job, with labels.

    Args:
        group: the label of the batch or workflow of which it is a member.
    """
    job = record.job
    yield "Job", job.id
    yield "Call", format_call(job)
    yield "State", f"{record.state.value}, {format_state_time(record, now_ms())}"
    yield "Cancelled", CANCEL_REQUESTED if record.cancel_requested else NONE
    yield "Waits", _wait(record)
    yield "Limit reached", _limit_reached(record.limit_reached)
    yield "Queue", f"{job.queue}, priority {job.priority}"
    yield "Fair key", f"{job.turn.key}, weight {job.turn.weight}" if job.turn else NONE
    yield "Attempts", str(record.attempts)
    yield "Workers lost", str(record.crashes) if record.crashes else NONE
    yield "Enqueued", format_time(job.enqueued_at)
    yield "Due", format_time(record.due_at)
    yield "Expires", format_time(job.expires_at)
    yield "First start", format_time(record.started_at)
    yield "Last start", format_time(record.last_attempted_at)
    yield "Ended", format_time(record.finished_at)
    yield "Workers", ", ".join(record.workers) or NONE
    yield "Lock", _lock(record)
    yield "Limits", "; ".join(map(_limit, job.limits)) or NONE
    yield group, job.batch or NONE
    yield "Metadata", job.metadata or NONE
    yield "Result", _result(record.result)


def _wait(record: JobRecord) -> str:
    if record.awaits_lock:
        return f"for the end of job {record.lock_holder}"
    if record.state is State.WAITING and record.waits_for:
        return format_awaited(record.waits_for)
    if record.postponement is None:
        return NONE
    since, failure = record.postponement
    return f"for a worker that knows it, since {format_time(since)}: {failure.message}"


def _limit_reached(failure: Failure | None) -> str:
    return f"{format_time(failure.at)}: {failure.message}" if failure else NONE


def _lock(record: JobRecord) -> str:
    if record.job.lock is None:
        return NONE
    holder = f"job {record.lock_holder}" if record.is_locked_out else "this job"
    return f"held by {holder if record.lock_holder else 'nobody'}"


def _limit(limit: JobLimit) -> str:
    return f"{limit.kind.word} {limit.name}" + (f", key {limit.value}" if limit.value else "")


def _result(text: str | None) -> str:
    if text is None:
        return NONE
    try:
        return repr(peek_value(text))
    except BrokenPayload:
        return f"cannot be read: {text}"


def _format_failure(failure: Failure) -> str:
    if failure.exception == UPSTREAM_FAILED:
        return f"\nDiscarded at {format_time(failure.at)}: {failure.message}"
    return (
        f"\nAttempt {failure.attempt} failed at {format_time(failure.at)} on"
        f" {failure.worker or 'an unknown worker'}\n"
        f"{failure.traceback or f'{failure.exception}: {failure.message}'}".rstrip()
    )
