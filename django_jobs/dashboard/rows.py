"""The rows of the job list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.jobs.records import Failure, JobRecord, State

from .job_call import preview
from .waiting import WaitsFor, waits_for

MAX_MESSAGE_LENGTH = 200

TIME_LABELS = {
    State.SCHEDULED: _("due"),
    State.RETRYING: _("due"),
    State.QUEUED: _("enqueued"),
    State.WAITING: _("enqueued"),
    State.RUNNING: _("for"),
}
"""The label of the time of a job that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job.

    Attributes:
        name: the last part of the task's dotted path.
        path: the rest of the dotted path.
        call: a preview of the arguments.
        error: the class of the last error without its module, or "".
        error_path: the class of the last error with its module, or "".
        message: the first line of the last error.
        waits_for: the other jobs that it waits for, or None.
        postponed: whether it waits for a worker that knows it; then the error says what is missing.
        time: the Unix milliseconds that matter most in its state.
        time_label: what happened or will happen at this time.
        kind: how the script shows the time; see the tag `moment`.
    """

    id: str
    state: State
    task: str
    name: str
    path: str
    call: str
    queue: str
    attempts: int
    error: str
    error_path: str
    message: str
    waits_for: WaitsFor | None
    postponed: bool
    time: int | None
    time_label: Any
    kind: str


def to_row(record: JobRecord) -> Row:
    """Return the row of a job.

    Args:
        record: the job, already redacted.
    """
    job = record.job
    path, _dot, name = job.task.rpartition(".")
    failure = _latest_failure(record)
    error = failure.exception if failure and record.state is not State.SUCCEEDED else ""
    message = failure.message.strip().partition("\n")[0] if failure and error else ""
    return Row(
        id=job.id,
        state=record.state,
        task=job.task,
        name=name or job.id,
        path=path,
        call=preview(job),
        queue=job.queue,
        attempts=record.attempts,
        error=error.rpartition(".")[2],
        error_path=error,
        message=message[:MAX_MESSAGE_LENGTH],
        waits_for=waits_for(record),
        postponed=record.postponement is not None,
        time=_time(record),
        time_label=TIME_LABELS.get(record.state, ""),
        kind="since" if record.state is State.RUNNING else "ago",
    )


def _latest_failure(record: JobRecord) -> Failure | None:
    if record.postponement:
        return record.postponement.failure
    return record.failures[-1] if record.failures else None


def _time(record: JobRecord) -> int | None:
    if record.state in {State.SCHEDULED, State.RETRYING}:
        return record.due_at
    if record.state in {State.QUEUED, State.WAITING}:
        return record.job.enqueued_at
    if record.state is State.RUNNING:
        return record.last_attempted_at
    return record.finished_at
