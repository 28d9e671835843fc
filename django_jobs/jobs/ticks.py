"""The ticks of periodic tasks."""

from __future__ import annotations

from dataclasses import dataclass

from .records import Job


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of a periodic task that a worker wants to claim.

    Attributes:
        name: of the periodic task.
        last: the last claimed tick that the caller knows of, in Unix milliseconds, or None.
        at: the tick in Unix milliseconds.
        job: the job to push, or None to skip the tick.
    """

    name: str
    last: int | None
    at: int
    job: Job | None = None
