"""How the limits of a job, and what is noted of limits, are written in Redis."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from django_jobs.jobs.limits import JobLimit, kind_and_name


def to_text(limits: Sequence[JobLimit]) -> str:
    """Return the limits of a job as scripts take them: `key:n:per:declared_at`, with spaces."""
    return " ".join(f"{one.key}:{one.n}:{one.per}:{one.declared_at}" for one in limits)


def to_limits(text: str) -> tuple[JobLimit, ...]:
    """Read the limits of a job; unreadable ones are left out."""
    return tuple(filter(None, map(_to_limit, text.split())))


def _to_limit(text: str) -> JobLimit | None:
    parts = text.split(":")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() for part in parts[2:]):
        return None
    try:
        _, name = kind_and_name(parts[0])
    except ValueError:
        return None
    n, per, declared_at = map(int, parts[2:])
    return JobLimit(name, n, per, unquote(parts[1]), declared_at)
