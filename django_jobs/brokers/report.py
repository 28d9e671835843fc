"""What a worker reports with a heartbeat: what it counted since, how far its jobs are."""

from __future__ import annotations

from dataclasses import dataclass, field

from django_jobs.histogram import Histogram
from django_jobs.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Attempts of one task from one queue that ended since the last heartbeat.

    Attributes:
        errors: how many ended with which error, by the dotted path of its class.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a running attempt has come; it counts only while the claim is held."""

    job_id: str
    token: int
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMetadata:
    """What a running attempt saved as its job's metadata; it counts only while the claim is held.

    Attributes:
        metadata: JSON text.
    """

    job_id: str
    token: int
    metadata: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a heartbeat brings beside what the worker says of itself."""

    samples: tuple[Sample, ...] = ()
    progress: tuple[JobProgress, ...] = ()
    metadata: tuple[JobMetadata, ...] = ()


NOTHING = Report()
