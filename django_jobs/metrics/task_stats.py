"""What a worker has counted of one task since its last heartbeat."""

from __future__ import annotations

from dataclasses import dataclass, field

from .histogram import Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStats:
    """The attempts of one task from one queue that ended since the last heartbeat.

    Attributes:
        errors: how many attempts ended with each error, given as the dotted path of its class.
        latency: from when a job could have started to its start.
        duration: from start to end.
    """

    task: str
    queue: str
    succeeded: int = 0
    failed: int = 0
    errors: tuple[tuple[str, int], ...] = ()
    latency: Histogram = field(default_factory=Histogram)
    duration: Histogram = field(default_factory=Histogram)
