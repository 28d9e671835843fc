"""How a failure is written in Redis: as one JSON text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django_jobs.errors import BrokenPayload
from django_jobs.jobs.records import Failure
from django_jobs.tasks.retry import error_path

from .reading import FIRST, LAST, parsed


def failure_text(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return json.dumps(
        [
            failure.exception,
            failure.message,
            failure.traceback,
            failure.at,
            failure.worker,
            failure.attempt,
            failure.latency,
            failure.duration,
        ]
    )


def to_failure(text: str) -> Failure:
    """Return a failure; one that cannot be read says so."""
    match parsed(text):
        # What Lua writes has no times, nor had what earlier releases wrote.
        case [
            str(exception),
            str(message),
            str(traceback),
            int() | float() as at,
            str(worker),
            int() | float() as attempt,
            *times,
        ] if FIRST <= at <= LAST and 0 <= attempt <= LAST:
            return Failure(
                exception=exception,
                message=message,
                traceback=traceback,
                at=int(at),
                worker=worker,
                attempt=int(attempt),
                latency=_amount(times[:1]),
                duration=_amount(times[1:2]),
            )
    return Failure(
        exception=error_path(BrokenPayload),
        message=f"What is stored of this failure can't be read: {text[:200]}",
        traceback="",
        at=0,
        worker="",
        attempt=0,
    )


def _amount(found: Sequence[Any]) -> int | None:
    """Return a number of milliseconds, or None if it is missing or cannot be read."""
    match found:
        case [int() | float() as value] if 0 <= value <= LAST:
            return int(value)
    return None
