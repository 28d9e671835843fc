"""The contract of the read side: what dashboards and commands may see and change."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django_jobs.brokers.constants import FAIR_KEYS_SHOWN, PERMITTED
from django_jobs.brokers.inspection.filters import Candidate, Cursor, Filter, ScanReply
from django_jobs.brokers.inspection.limits import Limits
from django_jobs.brokers.messages import WorkerCommand, WorkerInfo
from django_jobs.jobs.records import JobRecord, State
from django_jobs.metrics.history import Metrics


class JobAction(StrEnum):
    """What an operator may do to a job."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"

    @property
    def states(self) -> tuple[State, ...]:
        """States of the jobs to which it can be done."""
        return PERMITTED[self.value]


class Applied(NamedTuple):
    """What became of an action for many jobs.

    Attributes:
        changed: how many jobs it changed.
        locked: how many were not retried although their state permits it.
    """

    changed: int = 0
    locked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInfo:
    """One queue at one moment.

    Attributes:
        size: jobs that could start now.
        latency: milliseconds that the next job has been waiting.
        paused: whether workers leave it alone.
        has_turns: whether its jobs take turns by their fair keys.
        waiting: jobs that wait for slots of their limits.
    """

    name: str
    size: int
    latency: int
    paused: bool
    has_turns: bool = False
    waiting: int = 0


class FairKey(NamedTuple):
    """A key by which jobs of a queue take turns.

    Attributes:
        key: "" for jobs without a key.
        priority: of the jobs among which it takes turns.
        rounds: after how many rounds its last job starts: one for each, at weight 1, unless jobs
            were cancelled.
    """

    key: str
    priority: int
    rounds: int


def longest_lines(keys: Iterable[FairKey]) -> tuple[FairKey, ...]:
    """Return the fair keys with the most rounds, which come first."""
    return tuple(
        heapq.nsmallest(
            FAIR_KEYS_SHOWN, keys, key=lambda one: (-one.rounds, -one.priority, one.key)
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Attempts since the store began, added up from heartbeats."""

    succeeded: int
    failed: int


class Inspection(ABC):
    """Counts, listings, and what operators do to jobs. Reads no more than it returns."""

    metrics: Metrics
    """What was counted of attempts over time."""

    limits: Limits
    """The limits that jobs have met."""

    @abstractmethod
    def find(self, job_id: str) -> JobRecord | None:
        """Return one job, or None if it is unknown or no longer kept.

        The id of a call that was merged stands for the job with which that was, for some time.
        """

    @abstractmethod
    def read(self, ids: Sequence[str]) -> tuple[JobRecord, ...]:
        """Return some jobs in this order, without those that are unknown or no longer kept.

        Of their failures they have only the last one, as a page of jobs needs no more.
        """

    @abstractmethod
    def read_whole(self, ids: Sequence[str]) -> tuple[JobRecord, ...]:
        """Return some jobs as `read` does, with all their failures."""

    @abstractmethod
    def counts(self) -> Mapping[State, int]:
        """Return how many jobs are in each state; every state is a key."""

    @abstractmethod
    def totals(self) -> Totals:
        """Return the attempts counted so far."""

    @abstractmethod
    def queues(self) -> tuple[QueueInfo, ...]:
        """Return every queue that held a job in the last day or is paused, by name."""

    @abstractmethod
    def fair_keys(self, queue: str) -> tuple[FairKey, ...]:
        """Return the fair keys of a queue with the longest lines, at most `FAIR_KEYS_SHOWN`.

        Those with the most rounds come first. There are none in a queue without turns.
        """

    @abstractmethod
    def queue_names(self) -> tuple[str, ...]:
        """Return the names of all queues that may have jobs, for a worker that serves every queue.

        Where there are more than `MANY_QUEUES`, those that have been found empty are left out: each
        name that a worker takes along costs time in each of its calls.
        """

    @abstractmethod
    def jobs(
        self, state: State, *, queue: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[JobRecord, ...]:
        """Return a page of the jobs in one state.

        Queued and waiting jobs come in the order in which they will start, by queue; scheduled and
        retrying ones by due time; running ones in no order; ended ones newest first.

        Args:
            queue: only jobs of this queue. This is cheap for queued and waiting jobs only.
        """

    @abstractmethod
    def scan(self, wanted: Filter, after: Cursor | None, most: int) -> ScanReply:
        """Look at a portion of the list of all jobs, of one size whatever their number.

        The states come in the order of `LISTED`; in each the jobs come as `jobs` returns them,
        running ones by worker and id. What an index tells is left out: states, the queue of queued
        jobs, the times of those that are scheduled, retrying or ended, and all but the `id`.
        The caller checks everything else that the filter asks for, as `Finder` does.

        Args:
            wanted: which jobs are looked for.
            after: the place after which to begin; None or one of another state for the beginning.
            most: how many jobs to look at, at most.
        """

    @abstractmethod
    def apply(self, action: JobAction, jobs: Sequence[Candidate]) -> Applied:
        """Apply it to jobs to which nothing has happened since they were seen."""

    @abstractmethod
    def workers(self) -> tuple[WorkerInfo, ...]:
        """Return the workers whose lease holds, by id."""

    @abstractmethod
    def postponed_tasks(self) -> Mapping[str, int]:
        """Return the tasks that a worker did not know in the last ten minutes, by name.

        Returns:
            When a job of each was postponed last, in Unix milliseconds.
        """

    @abstractmethod
    def last_runs(self) -> Mapping[str, str]:
        """Return the id of the latest job of each periodic task, by its name."""

    @abstractmethod
    def switched_off(self) -> Mapping[str, int]:
        """Return the periodic tasks that are switched off, with since when in Unix milliseconds."""

    @abstractmethod
    def switch_off(self, name: str) -> None:
        """Let the ticks of a periodic task pass without a job until it is switched on again."""

    @abstractmethod
    def switch_on(self, name: str) -> None:
        """Let a periodic task run again, from its next tick."""

    def retry(self, job_id: str) -> bool:
        """Queue a dead, discarded, retrying or scheduled job now.

        Returns:
            False if it is in no such state. Also if that is refused: another job holds the lock of
            this unique one, what this node needs has failed, or its batch was cancelled.

        Attempts and crashes of an ended job count from zero again; its failures stay.
        """
        return self.apply_one(JobAction.RETRY, job_id)

    def cancel(self, job_id: str) -> bool:
        """End a waiting job as discarded, and a running one with its worker's next heartbeat.

        Returns:
            False if it has ended or is unknown.
        """
        return self.apply_one(JobAction.CANCEL, job_id)

    def delete(self, job_id: str) -> bool:
        """Forget a job that is not running; False if it is running or unknown."""
        return self.apply_one(JobAction.DELETE, job_id)

    @abstractmethod
    def apply_one(self, action: JobAction, job_id: str) -> bool:
        """Retry, cancel or delete a job; return whether that has changed it."""

    @abstractmethod
    def move(
        self, ids: Sequence[str], source: str, target: str, *, held: bool = False
    ) -> tuple[str, ...]:
        """Move jobs that wait in one queue to another one; return the ids of those.

        Jobs keep their priority, their due time and their place among all jobs of that priority. If
        one of the queues has turns, each goes to the end of the turns of its fair key.
        Others are left alone: those that run, have ended, or wait in another queue.

        Args:
            source: the queue in which the jobs have to be.
            target: the queue to which they go.
            held: pause the target in the same step, so that no worker takes them.
        """

    @abstractmethod
    def adopt(self, records: Sequence[JobRecord], queue: str) -> None:
        """Store waiting jobs of another broker with their history, in a queue that is paused.

        The queue is paused in the same step. Jobs with a known id are left as they are, and so are
        unique jobs whose lock another job holds.
        """

    @abstractmethod
    def hold_moves(self, owner: str, milliseconds: int) -> bool:
        """Become or stay the only one who moves jobs out of this broker, for some time.

        Args:
            owner: unique for each process that moves jobs.
            milliseconds: for how long, or 0 to give it up.

        Returns:
            False if another owner holds it.
        """

    @abstractmethod
    def clear(self, queue: str) -> int:
        """Forget the jobs of a queue that are queued or wait for a limit; return how many."""

    @abstractmethod
    def pause(self, queue: str) -> None:
        """Let workers take nothing from a queue until it is resumed."""

    @abstractmethod
    def resume(self, queue: str) -> None:
        """Let workers take from a paused queue again."""

    @abstractmethod
    def command_worker(self, worker_id: str, command: WorkerCommand) -> bool:
        """Send a worker a command with its heartbeats; return False if there is no such worker."""
