"""How it is written in Redis why a job waits: no worker knows it, or it reached a limit."""

from __future__ import annotations

from django_jobs.jobs.records import Failure, JobRecord, Postponement

from .failures import failure_text, to_failure
from .reading import number

LIMIT = "limit"
"""What stands in the place of a time if a limit was reached."""


def to_text(record: JobRecord) -> str:
    """Return why a job waits as scripts write it, or "" if there is nothing to say."""
    if record.limit_reached:
        return f"{record.attempts}:{LIMIT}:{failure_text(record.limit_reached)}"
    if record.postponement is None:
        return ""
    since, failure = record.postponement
    return f"{record.attempts}:{since}:{failure_text(failure)}"


def to_postponement(text: str, attempts: str) -> Postponement | None:
    """Read why a job waits for a worker that knows it; None if it does not, or is unreadable.

    Args:
        attempts: how many the job has had: if one has counted since, nothing is left of it.
    """
    then, since, failure = _parts(text)
    known = number(since)
    if known is None or then != attempts:
        return None
    return Postponement(known, to_failure(failure))


def to_limit_reached(text: str, attempts: str) -> Failure | None:
    """Read that a job waits as a limit was reached; None if it does not.

    Args:
        attempts: as of `to_postponement`.
    """
    then, since, failure = _parts(text)
    return to_failure(failure) if since == LIMIT and then == attempts else None


def _parts(text: str) -> tuple[str, str, str]:
    then, _, rest = text.partition(":")
    since, _, failure = rest.partition(":")
    return then, since, failure
