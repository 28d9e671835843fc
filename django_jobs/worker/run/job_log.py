"""All log lines about what happens to jobs.

They have the form of Django's own lines, which are not written for our jobs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

from django.dispatch import Signal

from django_jobs.compat import task_signals
from django_jobs.jobs.records import Claim, Job, JobRecord, State
from django_jobs.jobs.result import JobResult
from django_jobs.logs.fields import JOB_LOGGER
from django_jobs.tasks.retry import error_path

from .error_text import FRAMES, message_of, own_frames
from .loggers import is_written

logger = logging.getLogger(JOB_LOGGER)

WORDS = {State.SUCCEEDED: "SUCCESSFUL", State.DEAD: "FAILED"}
"""Django's names of states; it has none for the others."""

LONGEST_REASON = 500


def fields_of(claim: Claim, worker: str, alias: str) -> dict[str, object]:
    """Return the attributes of each log record that a job's own code makes."""
    return {
        "job_id": claim.job.id,
        "task": claim.job.task,
        "queue": claim.job.queue,
        "attempt": claim.attempt,
        "worker": worker,
        "backend": alias,
    }


ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


class Line(NamedTuple):
    """The content of one line.

    Attributes:
        attempt: number of the attempt, 0 before the first one.
        worker: id of the worker, "" if none was involved.
        backend: alias of the backend.
        exception: dotted path of the error's class.
        reason: text of the error, where no traceback follows.
        traceback: the error with its traceback, as `logging` takes it.
        duration: milliseconds of the attempt, which has ended.
        delay: seconds until the next attempt.
    """

    job: Job
    state: State
    attempt: int = 0
    worker: str = ""
    backend: str = ""
    exception: str = ""
    reason: str = ""
    traceback: ExcInfo | None = None
    duration: int | None = None
    delay: float | None = None

    @property
    def level(self) -> int:
        return level_of(self.state)


def level_of(state: State) -> int:
    """Return the log level of a new state; a discarded job is no error."""
    if state is State.DEAD:
        return logging.ERROR
    return logging.WARNING if state is State.RETRYING else logging.INFO


def is_read(level: int) -> bool:
    """Return whether a handler would write a line of this level."""
    if not logger.isEnabledFor(level):
        return False
    return level >= logging.WARNING or is_written(logger, level)


def is_info_read() -> bool:
    """Return whether a handler would write that a job starts or succeeds."""
    return logger.isEnabledFor(logging.INFO) and is_written(logger, logging.INFO)


def with_error(line: Line, error: BaseException) -> Line:
    """Return a line with an error, and with its traceback unless the line is only informative."""
    line = line._replace(exception=error_path(type(error)))
    if line.level > logging.INFO:
        # The task's frames only: handing an error to another thread adds some in front.
        return line._replace(traceback=(type(error), error, own_frames(FRAMES.__get__(error))))
    return line._replace(reason=message_of(error))


def of_dead(record: JobRecord, backend: str) -> Line:
    """Return the line of a job that died without an attempt to report it."""
    line = Line(record.job, record.state, record.attempts, backend=backend)
    if not record.failures:
        return line
    last = record.failures[-1]
    return line._replace(worker=last.worker, exception=last.exception, reason=last.message)


def write(line: Line) -> None:
    """Write a line; its values are attributes of the log record as well."""
    text = "Task id=%s path=%s state=%s queue=%s attempt=%d"
    job = line.job
    word = WORDS.get(line.state, line.state.name)
    values: list[object] = [job.id, job.task, word, job.queue, line.attempt]
    if line.duration is not None:
        text, values = f"{text} duration=%dms", [*values, line.duration]
    if line.delay is not None:
        text, values = f"{text} delay=%.0fs", [*values, line.delay]
    if line.exception:
        text, values = f"{text} exception=%s", [*values, line.exception]
    if line.reason:
        text, values = f"{text}: %s", [*values, line.reason[:LONGEST_REASON]]
    logger.log(line.level, text, *values, exc_info=line.traceback, extra=_attributes(line))


def write_enqueued(jobs: Sequence[Job], backend: str) -> None:
    """Write a line for each job that was just stored."""
    if not is_read(logging.DEBUG):
        return
    for job in jobs:
        logger.debug(
            "Task id=%s path=%s enqueued backend=%s queue=%s",
            *(job.id, job.task, backend, job.queue),
            extra=_attributes(Line(job, State.QUEUED, backend=backend)),
        )


def _attributes(line: Line) -> dict[str, object]:
    job = line.job
    known = {
        "exception": line.exception,
        "worker": line.worker,
        "backend": line.backend,
        "duration": line.duration,
        "delay": line.delay,
    }
    return {
        "job_id": job.id,
        "task": job.task,
        "queue": job.queue,
        "state": line.state.value,
        "attempt": line.attempt,
        **{name: value for name, value in known.items() if value not in ("", None)},
    }


def _leave_to_us(name: str, signal: Signal) -> None:
    """Limit Django's own logging receiver of a signal to the jobs of other backends."""
    theirs = getattr(task_signals, name, None)
    if theirs is None:  # a later Django may have none
        return

    def write_of_others(*, task_result: Any, **arguments: Any) -> None:
        if not isinstance(task_result, JobResult):
            theirs(task_result=task_result, **arguments)

    signal.disconnect(theirs)
    signal.connect(write_of_others, weak=False)


_leave_to_us("log_task_enqueued", task_signals.task_enqueued)
_leave_to_us("log_task_started", task_signals.task_started)
_leave_to_us("log_task_finished", task_signals.task_finished)
