"""How it is written in Redis why a job waits for a worker that knows it."""

from __future__ import annotations

from django_jobs.jobs.records import JobRecord, Postponement

from .failures import failure_text, to_failure
from .reading import number


def to_text(record: JobRecord) -> str:
    """Return why a job waits as scripts write it, or "" if it was not postponed."""
    if record.postponement is None:
        return ""
    since, failure = record.postponement
    return f"{record.attempts}:{since}:{failure_text(failure)}"


def to_postponement(text: str, attempts: str) -> Postponement | None:
    """Read why a job waits; None if an attempt has counted since, or if it is unreadable.

    Args:
        attempts: how many the job has had.
    """
    then, _, rest = text.partition(":")
    since, _, failure = rest.partition(":")
    known = number(since)
    if known is None or then != attempts:
        return None
    return Postponement(known, to_failure(failure))
