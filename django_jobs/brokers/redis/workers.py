"""Reads what a worker says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django_jobs.brokers.messages import WorkerInfo

from .reading import FIRST, LAST, parsed

FIRST_FIELDS = ("id", "host", "pid", "started_at", "concurrency", "quiet")
"""Fields of workers of all versions, apart from their lists."""


def to_worker(text: str) -> WorkerInfo | None:
    """Read what a worker said about itself, or None if it is unreadable."""
    match parsed(text):
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
        } as said if _is_sound(started_at, running, [*queues, *stuck]):
            return WorkerInfo(
                **{name: said[name] for name in FIRST_FIELDS},
                queues=tuple(queues),
                running=tuple((job_id, at) for job_id, at in running),
                stuck=tuple(stuck),
                **_later_fields(said),
            )
    return None


def _later_fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what only newer workers say, as far as it is sound: during a deploy there are both."""
    fields: dict[str, Any] = {}
    match said:
        case {"said_at": int(at)} if FIRST <= at <= LAST:
            fields["said_at"] = at
    match said:
        case {"version": str(version)}:
            fields["version"] = version
    match said:
        case {"memory": int(memory)} if memory >= 0:
            fields["memory"] = memory
    return fields


def _is_sound(started_at: int, running: Sequence[Any], texts: Sequence[Any]) -> bool:
    starts = [started_at]
    for entry in running:
        match entry:
            case [str(), int(at)]:
                starts.append(at)
            case _:
                return False
    return all(FIRST <= at <= LAST for at in starts) and all(isinstance(it, str) for it in texts)
