"""How the progress of a running job is written in Redis."""

from __future__ import annotations

import json

from django_jobs.brokers.messages import JobProgress
from django_jobs.jobs.progress import MAX_NUMBER, MAX_TEXT, Progress

from .reading import parsed


def to_text(one: JobProgress) -> str:
    """Return the progress of a claim as scripts take it."""
    said = one.progress
    return json.dumps([one.token, said.done, said.total, said.text])


def to_progress(text: str, current: str | None) -> Progress | None:
    """Read the progress of a claim; None if it is of an earlier one or unreadable.

    Args:
        current: token of the last claim.
    """
    match parsed(text):
        case [int(token), int() | float() as done, None | int() | float() as total, str(text)] if (
            str(token) == current
            and 0 <= done <= MAX_NUMBER
            and (total is None or 0 < total <= MAX_NUMBER)
        ):
            return Progress(done, total, text[:MAX_TEXT])
    return None
