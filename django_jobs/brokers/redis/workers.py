"""How what a worker said of itself is read in Redis."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django_jobs.brokers.base import WorkerInfo

from . import keys

WORKER_FIELDS = frozenset(field.name for field in dataclasses.fields(WorkerInfo))


def to_worker(text: str) -> WorkerInfo | None:
    """Read what a worker said of itself, or None until it says so again: somebody spoilt it."""
    match keys.parsed(text):
        # During a deploy a newer worker may say more than this process understands.
        case {
            "id": str(),
            "host": str(),
            "pid": int(),
            "started_at": int(started_at),
            "queues": list(queues),
            "concurrency": int(),
            "quiet": bool(),
            "running": list(running),
            "stuck": list(stuck),
            "succeeded": int(),
            "failed": int(),
        } as said if _is_sound(started_at, running, [*queues, *stuck]):
            fields = {name: said[name] for name in WORKER_FIELDS}
            pairs = tuple((job_id, at) for job_id, at in running)
            lists = {"queues": tuple(queues), "running": pairs, "stuck": tuple(stuck)}
            return WorkerInfo(**{**fields, **lists})
    return None


def _is_sound(started_at: int, running: Sequence[Any], texts: Sequence[Any]) -> bool:
    starts = [started_at]
    for entry in running:
        match entry:
            case [str(), int(at)]:
                starts.append(at)
            case _:
                return False
    return all(keys.FIRST <= at <= keys.LAST for at in starts) and all(
        isinstance(it, str) for it in texts
    )
