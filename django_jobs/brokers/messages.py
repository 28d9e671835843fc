"""The messages between a worker's session and the broker."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim
from django_jobs.metrics.task_stats import TaskStats


@dataclass(frozen=True, slots=True)
class QueueQuota:
    """How many jobs a queue may give before the other queues had their share."""

    queue: str
    quota: int


class Take(NamedTuple):
    """What a worker asks for in one call.

    Attributes:
        limit: how many jobs at most; with 0 the call only settles, and promotes jobs that are due.
        quotas: the queues to take from, in this order: at most `quota` jobs from each, then what
            is missing to `limit` without quotas.
        queues: names of the queues that `listen` blocks on; empty for every queue.
        at_once: how many of the jobs may be such whose starts a limit counts, as they are counted
            when they are claimed; None for all.
    """

    limit: int
    quotas: Sequence[QueueQuota]
    queues: Collection[str] = ()
    at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The reply to an `exchange` or a `listen`.

    Attributes:
        claims: what the worker may run now, in the order in which it should start them.
        refused: ids of settlements that changed nothing, as their claim was no longer held. A
            settlement that had been sent before, in a call that got no reply, is left out.
        due_in: milliseconds until time makes a job ready, or None: a scheduled or retrying one is
            due, or a limit gives a slot to one that waits.
        dead: ids of jobs that could not be claimed and are dead, as what is stored for them
            cannot be read.
        must_beat: the broker knows no lease of this worker, so it claimed nothing; the worker must
            send a heartbeat before it asks for jobs again.
        damaged: queues that can give no jobs until `jobs doctor --repair` has run, as another
            program wrote to them.
        newest_format: of jobs that were postponed because a newer django_jobs wrote them, or 0.
        has_more: the call has let as many jobs wait for slots as it may, so others may stand
            behind them.
    """

    claims: tuple[Claim, ...] = ()
    refused: tuple[str, ...] = ()
    due_in: int | None = None
    dead: tuple[str, ...] = ()
    must_beat: bool = False
    damaged: tuple[str, ...] = ()
    newest_format: int = 0
    has_more: bool = False


class PendingReply(Protocol):
    """A call that was sent and whose reply has not been read."""

    def result(self) -> Reply:
        """Wait for the reply, and return it. May be called once.

        Raises:
            BrokerError: the call failed, or its reply was lost, and it may have run. Send its
                settlements again with another call; a heartbeat gives back the jobs that it may
                have claimed.
        """


class WorkerCommand(StrEnum):
    """What an operator tells a worker to do."""

    QUIET = "quiet"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """What a worker says about itself with each heartbeat.

    Attributes:
        id: unique for each start of a worker.
        started_at: Unix milliseconds.
        queues: the queues it serves, empty for all.
        running: ids of jobs whose attempts are running, with their start in Unix milliseconds.
        stuck: ids of running jobs that did not end at their timeout.
        said_at: Unix milliseconds by the worker's own clock.
        version: of django_jobs, "" if unknown.
        memory: bytes that the process has in RAM, or None if unknown.
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
    said_at: int | None = None
    version: str = ""
    memory: int | None = None

    def serves(self, queue: str) -> bool:
        """Return whether the worker takes jobs from this queue; a quiet one takes none."""
        return not self.quiet and (not self.queues or queue in self.queues)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """The progress of a running attempt; it counts only while its claim is held."""

    job_id: str
    token: int
    tag: int
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMetadata:
    """The metadata that a running attempt saved; it counts only while its claim is held.

    Attributes:
        metadata: JSON text.
    """

    job_id: str
    token: int
    tag: int
    metadata: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatReport:
    """Everything that a worker reports with one heartbeat.

    Attributes:
        info: the worker itself.
        succeeded: attempts that succeeded since the last heartbeat.
        failed: attempts that ended with an error since the last heartbeat.
        samples: the same attempts by task and queue, with their times.
        progress: of running attempts.
        metadata: of running attempts, as far as it changed.
    """

    info: WorkerInfo
    succeeded: int = 0
    failed: int = 0
    samples: tuple[TaskStats, ...] = ()
    progress: tuple[JobProgress, ...] = ()
    metadata: tuple[JobMetadata, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatReply:
    """The reply to one heartbeat.

    Attributes:
        lost: the lease had run out, and the worker's jobs were given to others.
        command: what an operator asked for. It is repeated until a report says that the worker is
            quiet; STOP is repeated until the worker is gone.
        recovered: ids of jobs that were taken back from workers that vanished, or that this worker
            has abandoned. If the reply is lost, nobody hears of them.
        dead: ids of jobs that were taken back for the third time and are dead now. Likewise.
        cancelled: ids of jobs that this worker holds and is to end as discarded, repeated until it
            holds them no longer.
    """

    lost: bool = False
    command: WorkerCommand | None = None
    recovered: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
