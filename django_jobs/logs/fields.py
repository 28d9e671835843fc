"""The attributes that tell of jobs and workers on log records."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django_jobs.compat import Task
from django_jobs.jobs.progress import CURRENT_ATTEMPT

WORKER_LOGGER = "django_jobs"
"""The logger of what workers do."""

JOB_LOGGER = Task.__module__.rpartition(".")[0]
"""The logger of what happens to jobs: `django.tasks`, or `django_tasks` with the backport."""

FIELDS = {
    "job_id": "id of the job",
    "task": "dotted path of the task",
    "queue": "name of the queue",
    "attempt": "number of the attempt, from 1; 0 before the first one",
    "worker": "id of the worker",
    "backend": "alias in `TASKS`",
    "state": "the state that the job goes to",
    "duration": "milliseconds that the attempt took",
    "delay": "seconds until the next attempt",
    "exception": "dotted path of the error's class",
}
"""The attributes, with what each of them holds."""

Fields = Mapping[str, object]

CURRENT_WORKER: ContextVar[Fields | None] = ContextVar("django_jobs_worker", default=None)
"""The attributes of lines that a thread of a worker writes when it runs no job."""


@contextmanager
def writing_as(fields: Fields) -> Iterator[None]:
    """Give the lines of the block the attributes of a worker, and those of its threads."""
    token = CURRENT_WORKER.set(fields)
    try:
        yield
    finally:
        CURRENT_WORKER.reset(token)


STAMP = "_django_jobs"
"""The attribute of a record that holds what was added to it. Formatters skip names like it."""


class JobFields(logging.Filter):
    """Adds the running job, and its worker, to the records of any logger.

    Workers add this filter to all handlers that exist when they start; give it to others in
    `LOGGING`. It is for handlers, not for loggers, whose filters do not see the records of loggers
    below. An attribute that the record has already, by `extra`, is left alone, and lines that no
    job writes get nothing.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        # Asked here, too: this runs for each line of the process.
        if CURRENT_ATTEMPT.get() is not None or CURRENT_WORKER.get() is not None:
            add_fields(record)
        return True


def add_fields(record: logging.LogRecord) -> None:
    """Add the attributes of the running job or worker to a record, once."""
    known = current_fields()
    if not known or STAMP in record.__dict__:
        return
    setattr(record, STAMP, known)
    for name, value in known.items():
        record.__dict__.setdefault(name, value)


def current_fields() -> Fields | None:
    """Return the attributes of the job, or else of the worker, that runs in this context."""
    attempt = CURRENT_ATTEMPT.get()
    return CURRENT_WORKER.get() if attempt is None else attempt.log_fields


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the attributes of a record that tell of jobs and workers.

    A line of the site's own may use one of the names in its `extra` for something else.
    """
    stamp: Fields = getattr(record, STAMP, {})
    source = record.__dict__ if is_ours(record) else stamp
    return {name: source[name] for name in FIELDS if name in source}


def is_ours(record: logging.LogRecord) -> bool:
    """Return whether django_jobs has written a line."""
    return record.name == JOB_LOGGER or record.name.split(".", 1)[0] == WORKER_LOGGER
