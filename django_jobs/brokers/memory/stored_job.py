"""One job in memory with its changing parts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from django_jobs.brokers.constants import FAILURES_KEPT, MAX_CRASHES, NO_DUE_TIME, WORKERS_KEPT
from django_jobs.brokers.messages import JobProgress
from django_jobs.jobs.awaited import Awaited, AwaitedAttempt, AwaitedEvent, AwaitedNodes
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim, Failure, Job, JobRecord, Postponement, State
from django_jobs.jobs.workflows import Edge

Place: TypeAlias = int
"""Order in a queue: by priority, then by a number that grows with each arrival."""


@dataclass(slots=True)
class StoredJob:
    job: Job
    state: State = State.QUEUED
    place: Place = 0
    token: int = 0
    attempts: int = 0
    crashes: int = 0
    due_at: int | None = None
    queued_at: int = 0
    claimed_at: int = 0
    started_at: int | None = None
    last_attempted_at: int | None = None
    finished_at: int | None = None
    ended_at: int = 0
    """When it came to its final state, by the broker's clock."""
    expires_from_store: int = 0
    workers: tuple[str, ...] = ()
    result: str | None = None
    failures: tuple[Failure, ...] = ()
    progress: JobProgress | None = None
    postponement: Postponement | None = None
    limit_reached: Failure | None = None
    postponed_after: int = 0
    """How many attempts had counted when it was postponed; another one outdates that."""
    needs: tuple[Edge, ...] = ()
    """The edges that lead to it as a node."""
    open_edges: int = 0
    """How many events it waits for."""
    waits_for: AwaitedEvent | AwaitedAttempt | None = None
    """For which event of which batch a callback waits, or for which node one that it adds."""
    missed: bool = False
    """Whether it was discarded as a member of a batch, and not by its own wish."""
    failed_edges: int = 0
    """Of how many nodes that it needs the success has become impossible, or waits for a retry."""
    is_upstream: bool = False
    """Whether it was discarded for that reason."""
    adder: str = ""
    """The id of the node that has added it."""
    added_by: int = 0
    """The token of the attempt that has added nodes; 0 if none has, or it has ended."""
    open_added: int = 0
    """How many of the nodes that it has added are not over, with what they have added."""
    failed_added: int = 0
    """How many of them have failed."""
    cancelled: bool = False
    """Whether it was cancelled while it ran; it may have ended since."""
    waits_at: str | None = None
    """The key for whose slot it waits."""
    slots: tuple[str, ...] = ()
    """The keys of limits whose slots it holds while it runs."""
    limits_met: int = 0
    """How often it has raised `LimitReached`."""

    @property
    def is_suspect(self) -> bool:
        """Whether it is one crash from being dead."""
        return self.crashes == MAX_CRASHES - 1

    def limits_at(self, now: int) -> tuple[JobLimit, ...]:
        """Return the limits of which it needs slots: none if its worker will only discard it."""
        expires_at = self.job.expires_at
        return () if expires_at is not None and now >= expires_at else self.job.limits

    @property
    def is_open(self) -> bool:
        """Whether it has not ended, or one that it has added."""
        return not self.state.is_final or self.open_added > 0

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and it or one that it has added has not succeeded."""
        return not self.is_open and (self.state is not State.SUCCEEDED or self.failed_added > 0)

    @property
    def is_pending(self) -> bool:
        """Whether the attempt that adds it to a workflow has not ended."""
        return bool(self.adder) and not self.job.batch

    def permits(self, states: Collection[State]) -> bool:
        """Return whether an operator may change it, who may change jobs in some states.

        One that an attempt adds is nobody's until the attempt has ended.
        """
        return self.state in states and not self.is_pending

    @property
    def awaits_lock(self) -> bool:
        """Whether it waits for the end of the job that holds its lock."""
        return self.state is State.SCHEDULED and self.due_at == NO_DUE_TIME

    def claim(self, worker: str, now: int) -> Claim:
        """Begin an attempt in a worker."""
        self.token += 1
        self.attempts += 1
        self.workers = (*self.workers, worker)[-WORKERS_KEPT:]
        self.claimed_at = self.last_attempted_at = now
        if self.started_at is None:
            self.started_at = now
        return self.claimed()

    def claimed(self) -> Claim:
        return Claim(
            job=self.job._replace(lock=None, turn=None, limits=())
            if self._is_related
            else self.job,
            token=self.token,
            tag=0,
            attempt=self.attempts,
            queued_at=self.queued_at,
            claimed_at=self.claimed_at,
        )

    @property
    def _is_related(self) -> bool:
        """Whether the job has something to do with others, which its worker need not know."""
        return bool(self.job.lock or self.job.turn or self.job.limits)

    def give_back(self) -> None:
        """Undo the attempt that was begun last."""
        self.attempts -= 1
        self.workers = self.workers[:-1]
        if not self.attempts:
            self.started_at = self.last_attempted_at = None

    def finish_attempt(self, waited: int, duration: int) -> int:
        """Note when the attempt ran, and return when it ended."""
        started = self.claimed_at + waited
        if self.attempts == 1:
            self.started_at = started
        self.last_attempted_at = started
        return started + duration

    def save_metadata(self, metadata: str) -> None:
        self.job = self.job._replace(metadata=metadata)

    def postpone(self, failure: Failure, now: int) -> int:
        """Note what a worker did not know; return for how long the job has been waiting."""
        before = self._current_postponement
        since = before.since if before else now
        self.postponement, self.postponed_after = Postponement(since, failure), self.attempts
        self.limit_reached = None
        return now - since

    def reach_limit(self, failure: Failure) -> None:
        """Note that an attempt, which was undone, has reached a limit."""
        self.limits_met += 1
        self.limit_reached, self.postponed_after = failure, self.attempts
        self.postponement = None

    @property
    def _says_why_it_waits(self) -> bool:
        return self.state.is_waiting and self.postponed_after == self.attempts

    @property
    def _current_postponement(self) -> Postponement | None:
        return self.postponement if self.postponed_after == self.attempts else None

    def add_failure(self, failure: Failure) -> None:
        self.failures = (*self.failures, failure)[-FAILURES_KEPT:]

    def reset(self) -> None:
        """Let attempts count from zero again; the failures stay."""
        self.attempts = self.crashes = self.limits_met = self.open_edges = 0
        self.workers = ()
        self.postponement = self.limit_reached = None
        self.started_at = self.last_attempted_at = self.finished_at = self.result = None

    def take_over(self, job: Job) -> None:
        """Become another call of the same task, under the id that it has."""
        self.job = job._replace(id=self.job.id, batch=self.job.batch)
        self.token += 1
        self.progress, self.queued_at, self.cancelled = None, 0, False
        self.reset()

    @classmethod
    def of(cls, record: JobRecord, queue: str) -> StoredJob:
        """Return a waiting job of another broker with its history, in a queue."""
        return cls(
            job=record.job._replace(queue=queue),
            state=record.state,
            attempts=record.attempts,
            crashes=record.crashes,
            due_at=record.due_elsewhere,
            queued_at=record.queued_at or 0,
            started_at=record.started_at,
            last_attempted_at=record.last_attempted_at,
            workers=record.workers,
            failures=record.failures,
            progress=JobProgress(job_id=record.job.id, token=0, tag=0, progress=record.progress)
            if record.progress
            else None,
            postponement=record.postponement,
            limit_reached=record.limit_reached,
            postponed_after=record.attempts,
        )

    def record(self, lock_holder: str | None = None) -> JobRecord:
        return JobRecord(
            job=self.job,
            state=self.state,
            attempts=self.attempts,
            crashes=self.crashes,
            queued_at=self.queued_at or None,
            due_at=None if self.awaits_lock else self.due_at,
            started_at=self.started_at,
            last_attempted_at=self.last_attempted_at,
            finished_at=self.finished_at,
            workers=self.workers,
            result=self.result,
            failures=self.failures,
            progress=self._progress(),
            postponement=self._current_postponement if self.state.is_waiting else None,
            limit_reached=self.limit_reached if self._says_why_it_waits else None,
            cancel_requested=self.cancelled and not self.state.is_final,
            lock_holder=lock_holder,
            waits_for=self._waits_for,
        )

    @property
    def _waits_for(self) -> Awaited | None:
        if self.state is State.WAITING and self.open_edges and self.job.batch:
            return AwaitedNodes(self.job.batch, self.open_edges)
        limit = next((one for one in self.job.limits if one.key == self.waits_at), None)
        return limit or self.waits_for

    def _progress(self) -> Progress | None:
        said = self.progress
        if said is None or said.token != self.token or self.state is State.SUCCEEDED:
            return None
        return said.progress
