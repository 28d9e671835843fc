"""The records that travel between backend, broker and worker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django_jobs.jobs.awaited import Awaited, AwaitedAttempt, AwaitedEvent
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.progress import Progress


class State(StrEnum):
    """The state of a job."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    RETRYING = "retrying"
    DEAD = "dead"
    DISCARDED = "discarded"

    @property
    def is_final(self) -> bool:
        return self in (State.SUCCEEDED, State.DEAD, State.DISCARDED)

    @property
    def is_waiting(self) -> bool:
        return self in (State.SCHEDULED, State.WAITING, State.QUEUED, State.RETRYING)


class Until(StrEnum):
    """Until when a unique job holds its lock."""

    END = "end"
    START = "start"


class OnConflict(StrEnum):
    """What becomes of a call while another job holds its lock."""

    RETURN = "return"
    RAISE = "raise"
    REPLACE = "replace"


class Lock(NamedTuple):
    """What keeps a second job from being stored for the same arguments.

    Attributes:
        digest: of the task and its arguments, the same for jobs that exclude each other.
        keep_for: milliseconds for which the lock is kept after the job has succeeded.
        after_commit: the caller has gone on with the id of this job; on a conflict it becomes an
            alias of the holder, and nothing raises.
    """

    digest: str
    until: Until = Until.END
    keep_for: int = 0
    on_conflict: OnConflict = OnConflict.RETURN
    after_commit: bool = False

    @property
    def raises(self) -> bool:
        """Whether a conflict refuses the call."""
        return self.on_conflict is OnConflict.RAISE and not self.after_commit


class Turn(NamedTuple):
    """By which jobs of a queue take turns.

    Attributes:
        key: of all jobs that share their turns, such as a customer.
        weight: how many turns the key gets while one of weight 1 gets one.
    """

    key: str
    weight: int = 1


JOB_FORMAT = 1
"""The newest format of records of jobs that this release reads (see CONTRIBUTING.md)."""

# Job, Claim and Settlement are created for every job. They are named tuples, as these are immutable
# as well, and are created in a fraction of the time that a frozen dataclass takes. On the way of a
# job `new` makes them from all their fields: their own constructor takes three times as long.

new = tuple.__new__


class Job(NamedTuple):
    """One enqueued call of a task. Only its metadata changes, and only its own attempts change it.

    Id and arguments come first, limits and turn last: all other fields are equal for calls that are
    enqueued together.

    Attributes:
        id: unique, under 64 characters.
        arguments: JSON text of the call's arguments (see `serialization.arguments`).
        task: dotted path of the task.
        queue: name of the queue.
        priority: −100 to 100, higher runs sooner.
        enqueued_at: Unix milliseconds by the clock of the process that enqueued it.
        run_at: the earliest start in Unix milliseconds, or None.
        expires_at: the latest start in Unix milliseconds, or None.
        result_ttl: milliseconds for which the succeeded job is kept.
        overrides: JSON text of the task options that this call changed, or "".
        signature: of the task's name, or "" (see `tasks.signatures`).
        metadata: JSON text of a dict, or "" (see `jobs.metadata`).
        format: of its record: the lowest one that has all that this job needs.
        batch: id of the batch of which it is a member, or "".
        lock: of a unique job, or None. Claims leave it out, as only the broker needs it.
        limits, turn: its limits, and its fair key and weight or None. Claims leave out both.
    """

    id: str
    arguments: str
    task: str
    queue: str
    priority: int
    enqueued_at: int
    run_at: int | None = None
    expires_at: int | None = None
    result_ttl: int = 3_600_000
    overrides: str = ""
    signature: str = ""
    metadata: str = ""
    format: int = 1
    batch: str = ""
    lock: Lock | None = None
    limits: tuple[JobLimit, ...] = ()
    turn: Turn | None = None

    @property
    def size(self) -> int:
        """The size of its arguments and metadata in bytes."""
        size = bytes_of(self.arguments)
        return size + bytes_of(self.metadata) if self.metadata else size


def bytes_of(text: str) -> int:
    """Return the size of a text in bytes, without encoding ASCII."""
    return len(text) if text.isascii() else len(text.encode())


class Claim(NamedTuple):
    """The right of one worker to run one attempt of a job, then to settle it.

    Attributes:
        token: grows with each claim of the job; a settlement with an older token is refused.
        tag: of the call that claimed it, unique in the worker's session. After a server lost its
            last writes, it gives out the same token twice; the tag tells the two claims apart.
        attempt: number of this attempt, from 1; attempts given back do not count.
        queued_at: Unix milliseconds from which the job could have started.
        claimed_at: when it was claimed, in Unix milliseconds by the broker's clock.
    """

    job: Job
    token: int
    tag: int
    attempt: int
    queued_at: int
    claimed_at: int


MESSAGE_LIMIT = 10_000
"""How many characters of an error message are kept, from its beginning."""

TRACEBACK_LIMIT = 50_000
"""How many characters of a traceback are kept, from its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One recorded error of a job.

    Attributes:
        exception: dotted path of the exception's class.
        at: Unix milliseconds.
        worker: id of the worker that ran the attempt.
        latency: milliseconds from when the attempt could have started to its start, or None if
            unknown.
        duration: milliseconds that the attempt ran, or None if unknown.
    """

    exception: str
    message: str
    traceback: str
    at: int
    worker: str
    attempt: int
    latency: int | None = None
    duration: int | None = None


class Postponement(NamedTuple):
    """Why a job waits for a worker that knows it.

    Attributes:
        since: when it was postponed for the first time, in Unix milliseconds.
        failure: what the last worker that claimed it did not know.
    """

    since: int
    failure: Failure


class Settlement(NamedTuple):
    """How one attempt ended.

    Attributes:
        token, tag: of the claim.
        state: SUCCEEDED, RETRYING, DEAD or DISCARDED; QUEUED to give the job back to the front of
            its queue, or SCHEDULED to postpone it, both at no cost of an attempt.
        result: JSON text of the return value.
        failure: the error, for RETRYING, DEAD and DISCARDED; why the job was postponed.
        delay: milliseconds until a RETRYING job is due, or a limit opens.
        waited: milliseconds between the claim and the start.
        duration: milliseconds that the attempt ran.
        metadata: the job's metadata as JSON text, or None if the attempt did not change them.
        closes: of a SCHEDULED job that has met a limit: which one closes for `delay`, "" for all.
    """

    job_id: str
    token: int
    tag: int
    state: State
    result: str = "null"
    failure: Failure | None = None
    delay: int = 0
    waited: int = 0
    duration: int = 0
    metadata: str | None = None
    closes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job with its state and history, as read at one moment.

    Attributes:
        queued_at: Unix milliseconds from which the latest attempt could have started.
        workers: ids of the workers of its latest attempts, ten at most.
        progress: what its latest attempt reported; None for a succeeded job.
        postponement: why it waits for a worker that knows it, or None.
        limit_reached: the `LimitReached` that its latest attempt raised, while it waits, or None.
        cancel_requested: whether it is to be cancelled, and has not ended yet.
        lock_holder: id of the job that holds the lock of this unique job, or None if nobody does;
            one that has expired before its start loses it to the next call. A scheduled job
            without a due time waits for the end of that job, as its successor.
        waits_for: the limit for whose slot a waiting job waits, the nodes for which a waiting node
            waits, or the event for which a callback waits or has waited; None for other jobs.
    """

    job: Job
    state: State
    attempts: int = 0
    crashes: int = 0
    queued_at: int | None = None
    due_at: int | None = None
    started_at: int | None = None
    last_attempted_at: int | None = None
    finished_at: int | None = None
    workers: tuple[str, ...] = ()
    result: str | None = None
    failures: tuple[Failure, ...] = ()
    progress: Progress | None = None
    postponement: Postponement | None = None
    limit_reached: Failure | None = None
    cancel_requested: bool = False
    lock_holder: str | None = None
    waits_for: Awaited | None = None

    @property
    def is_bound(self) -> bool:
        """Whether its batch is where it is, so that it cannot move to another broker."""
        if self.job.batch:
            return True
        awaited = self.waits_for if self.state is State.WAITING else None
        return isinstance(awaited, AwaitedEvent | AwaitedAttempt)

    @property
    def is_locked_out(self) -> bool:
        """Whether another job holds the lock of this unique one."""
        return self.lock_holder not in (None, self.job.id)

    @property
    def due_elsewhere(self) -> int | None:
        """When it is due at another broker, where a successor waits for no other job."""
        return self.due_at or self.job.run_at

    @property
    def awaits_lock(self) -> bool:
        """Whether it waits for the end of the job that holds its lock, as its successor."""
        return self.state is State.SCHEDULED and self.due_at is None and self.is_locked_out
