"""How the limits of a job, and what is noted of limits, are written in Redis."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from django_jobs.jobs.limits import JobLimit, kind_and_name, quoted


def to_text(limits: Sequence[JobLimit]) -> str:
    """Return the limits of a job as scripts take them, with spaces between them.

    Each is `value:limit:n:per:declared_at`. What jobs of one task differ in comes first, so that
    scripts take the rest apart only once.
    """
    return " ".join(map(_text_of, limits))


def _text_of(limit: JobLimit) -> str:
    return f"{quoted(limit.value)}:{limit.id}:{limit.n}:{limit.per}:{limit.declared_at}"


def to_limits(text: str) -> tuple[JobLimit, ...]:
    """Read the limits of a job; unreadable ones are left out."""
    return tuple(filter(None, map(_to_limit, text.split())))


def _to_limit(text: str) -> JobLimit | None:
    parts = text.split(":")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() for part in parts[2:]):
        return None
    try:
        _, name = kind_and_name(parts[1])
    except ValueError:
        return None
    n, per, declared_at = map(int, parts[2:])
    return JobLimit(name, n, per, unquote(parts[0]), declared_at)
