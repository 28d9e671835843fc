"""What attempts have noted of their beginnings and ends, by the clock that all processes share."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Moment(NamedTuple):
    """A line that an attempt has left.

    Attributes:
        key: what the task was called for.
        at: nanoseconds of the monotonic clock.
    """

    job_id: str
    attempt: int
    pid: int
    key: str
    at: int


def moments(notes: Path, name: str) -> list[Moment]:
    """Return what attempts have noted under a name, in the order in which they have written it."""
    path = notes.with_name(name)
    split = (line.split() for line in path.read_text().splitlines()) if path.exists() else ()
    return [Moment(id_, int(n), int(pid), key, int(at)) for id_, n, pid, key, at in split]
