"""What workers and brokers tell each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim, Settlement
from django_jobs.metrics.task_stats import TaskStats


class Lane(StrEnum):
    """Calls one after the other, with numbers of their own that grow from 1.

    A worker may have a call under way on each at the same time. The values are in names of keys.
    """

    FIRST = "r"
    SECOND = "o"
    APART = "a"


@dataclass(frozen=True, slots=True)
class Share:
    """How many jobs of one reservation a queue may give before the others had their part."""

    queue: str
    quota: int


class Call(NamedTuple):
    """What a worker reports and wants; it may be sent again as it is.

    Attributes:
        number: one more than that of the last call on the lane.
        shares: the queues to take from.
        limit: how many jobs at most; 0 only settles and promotes.
        settlements: how finished attempts ended.
        lane: where the call is made.
    """

    number: int
    shares: Sequence[Share]
    limit: int
    settlements: Sequence[Settlement] = ()
    lane: Lane = Lane.FIRST


@dataclass(frozen=True, slots=True)
class Patience:
    """For what, and for how long, a call waits before it takes jobs.

    Attributes:
        queues: names of queues; empty for every queue.
        seconds: at most.
    """

    queues: Collection[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The answer to one call.

    Attributes:
        claims: what the worker may run now, in the order in which it should start them.
        refused: ids of settlements that changed nothing, as their claim was no longer held.
        due_in: milliseconds until the next scheduled or retrying job is due, or None.
        buried: ids of jobs that could not be claimed and are dead, as what is stored for them can't
            be read.
    """

    claims: tuple[Claim, ...] = ()
    refused: tuple[str, ...] = ()
    due_in: int | None = None
    buried: tuple[str, ...] = ()


Answer: TypeAlias = Callable[[], Reservation]
"""Waits for the answer to a call, and returns it."""


class Order(StrEnum):
    """What an operator asks of a worker."""

    QUIET = "quiet"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """What a worker tells about itself with each heartbeat.

    Attributes:
        id: unique for each start of a worker.
        started_at: Unix milliseconds.
        queues: the queues it serves, empty for all.
        running: ids of jobs whose attempts are running, with their start in Unix milliseconds.
        stuck: ids of running jobs that did not end at their timeout.
        succeeded: attempts that succeeded since the last heartbeat.
        failed: attempts that ended with an error since the last heartbeat.
        said_at: Unix milliseconds by the worker's own clock; None of workers of an older version,
            as the following.
        version: of django_jobs, "" where it is not known.
        memory: bytes that the process has in RAM, or None where that can't be found out.
    """

    id: str
    host: str
    pid: int
    started_at: int
    queues: tuple[str, ...] = ()
    concurrency: int = 1
    quiet: bool = False
    running: tuple[tuple[str, int], ...] = ()
    stuck: tuple[str, ...] = ()
    succeeded: int = 0
    failed: int = 0
    said_at: int | None = None
    version: str = ""
    memory: int | None = None

    def serves(self, queue: str) -> bool:
        """Return whether the worker takes jobs from this queue; a quiet one takes none."""
        return not self.quiet and (not self.queues or queue in self.queues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The answer to one heartbeat.

    Attributes:
        lost: the lease had run out, and the worker's jobs were given to others.
        order: what an operator asked for since the last heartbeat.
        recovered: ids of jobs that came back from other workers that vanished.
        buried: ids of jobs that took down their third worker and are dead now.
    """

    lost: bool = False
    order: Order | None = None
    recovered: tuple[str, ...] = ()
    buried: tuple[str, ...] = ()


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

    samples: tuple[TaskStats, ...] = ()
    progress: tuple[JobProgress, ...] = ()
    metadata: tuple[JobMetadata, ...] = ()


NOTHING = Report()
