"""What travels between the backend, the broker and the worker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django_jobs.jobs.progress import Progress


class State(StrEnum):
    """Where a job stands in its life."""

    SCHEDULED = "scheduled"
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
        return self in (State.SCHEDULED, State.QUEUED, State.RETRYING)


# Job, Claim and Settlement are made for every job of every worker. They are named tuples as these
# cannot be changed either, and are made in a fraction of the time that a frozen dataclass takes.


class Job(NamedTuple):
    """One enqueued call of a task. Nothing of it changes but its metadata, by its own attempts.

    Id and arguments come first, as all else is the same for the calls that are enqueued together.

    Attributes:
        id: unique, under 64 characters.
        arguments: JSON text of the call's arguments (see `arguments`).
        task: dotted path of the task.
        queue: name of the queue.
        priority: −100 to 100, higher runs sooner.
        enqueued_at: Unix milliseconds by the clock of who enqueued it.
        run_at: Unix milliseconds before which it must not start, or None.
        expires_at: Unix milliseconds after which it must not start any more, or None.
        result_ttl: milliseconds that a success is kept.
        overrides: JSON text of the task options that this call changed, or "".
        signature: of the task's name, or "" (see `signatures`).
        metadata: JSON text of a dict, or "" (see `metadata`).
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

    @property
    def size(self) -> int:
        """How many bytes its arguments and metadata take."""
        size = bytes_of(self.arguments)
        return size + bytes_of(self.metadata) if self.metadata else size


def bytes_of(text: str) -> int:
    """Return how many bytes a text takes; Python knows at once whether it is ASCII."""
    return len(text) if text.isascii() else len(text.encode())


class Claim(NamedTuple):
    """The right of one worker to run one attempt of a job, then to settle it.

    Attributes:
        token: grows with each claim of the job; settling with an older one changes nothing.
        attempt: number of this attempt, from 1; attempts given back do not count.
        queued_at: Unix milliseconds since which the job could have started.
        reserved_at: Unix milliseconds by the broker's clock.
    """

    job: Job
    token: int
    attempt: int
    queued_at: int
    reserved_at: int


MESSAGE_LIMIT = 10_000
"""Characters of an error's message that are kept, from its beginning."""

TRACEBACK_LIMIT = 50_000
"""Characters of a traceback that are kept, from its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One error of a job, kept with it.

    Attributes:
        exception: dotted path of the exception's class.
        at: Unix milliseconds.
        worker: id of the worker that ran the attempt.
        latency: milliseconds between the time when it could have started and its start, or None if
            that is not known.
        duration: milliseconds of running, or None if that is not known.
    """

    exception: str
    message: str
    traceback: str
    at: int
    worker: str
    attempt: int
    latency: int | None = None
    duration: int | None = None


class Settlement(NamedTuple):
    """How one attempt ended.

    Attributes:
        state: SUCCEEDED, RETRYING, DEAD, DISCARDED, or QUEUED, which gives the job back to the
            front of its queue without costing an attempt.
        result: JSON text of the return value.
        failure: the error, for RETRYING, DEAD and DISCARDED.
        delay: milliseconds until a RETRYING job is due.
        waited: milliseconds between the reservation and the start.
        duration: milliseconds of running.
        metadata: the job's metadata as JSON text, or None if the attempt did not change them.
    """

    job_id: str
    token: int
    state: State
    result: str = "null"
    failure: Failure | None = None
    delay: int = 0
    waited: int = 0
    duration: int = 0
    metadata: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job with all that is known of it at one moment.

    Attributes:
        queued_at: Unix milliseconds since which it could have started, the last time it could.
        workers: those of its last attempts, ten at most.
        progress: how far its last attempt said that it is; a success has none.
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


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of a periodic task, to be claimed.

    Attributes:
        name: of the periodic task.
        last: its tick that the caller saw as claimed last, or None; Unix milliseconds.
        at: the tick in Unix milliseconds.
        job: what to push, or None for a tick that is skipped.
    """

    name: str
    last: int | None
    at: int
    job: Job | None = None
