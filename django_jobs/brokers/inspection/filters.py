"""Filters for jobs, and positions in the list of all jobs."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from django_jobs.brokers.constants import LINED_UP
from django_jobs.jobs.records import State

LISTED = (
    State.RUNNING,
    State.QUEUED,
    State.RETRYING,
    State.SCHEDULED,
    State.WAITING,
    State.DEAD,
    State.DISCARDED,
    State.SUCCEEDED,
)
"""States in the order of a listing: what comes next, then what has ended."""

SCORE = re.compile(r"-?(\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,3})?|inf)", re.ASCII)
LONGEST_CURSOR = 2_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the list of all jobs. It stays valid after its job is gone.

    Attributes:
        part: name of the queue of a queued or waiting job, of the worker of a running one, else "".
        score: number that the part is ordered by, as text; jobs of one score go by their ids.
    """

    state: State
    part: str
    score: str
    id: str

    def to_text(self) -> str:
        """Return the cursor for an address."""
        values = json.dumps([self.state.value, self.part, self.score, self.id])
        return urlsafe_b64encode(values.encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Read what `to_text` returned.

        Raises:
            ValueError: it is something else.
        """
        try:
            raw = urlsafe_b64decode(text[:LONGEST_CURSOR] + "===")
            match json.loads(raw):
                case [str(state), str(part), str(score), str(job_id)] if SCORE.fullmatch(score):
                    f"{part}{job_id}".encode()
                    return cls(State(state), part, score, job_id)
        except (binascii.Error, ValueError, RecursionError):
            pass
        raise ValueError("This is no place in a list of jobs.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a search knows of a job before it is shown; what it did not ask for is empty.

    Attributes:
        part: see `Cursor`, as of the score.
        token: of the job, by which is seen whether it ran or was replaced since.
        moment: Unix milliseconds that matter for the state: when it is due, ended, began to run,
            or was enqueued.
        error: dotted path of the class of its last error, or "".
        batch: id of the batch of which it is a member, or "".
        came_at: Unix milliseconds since which a waiting job waits where it is, or 0. Of a scheduled
            one only the clock of who enqueued it tells, which may be wrong.
    """

    state: State
    part: str
    score: str
    id: str
    token: str
    task: str
    queue: str
    arguments: str
    error: str
    batch: str = ""
    came_at: int = 0
    last_attempted_at: int = 0
    moment: int = 0

    @property
    def cursor(self) -> Cursor:
        """Its place in the list."""
        return Cursor(self.state, self.part, self.score, self.id)


def came_at(state: State, enqueued_at: int, queued_at: int, now: int) -> int:
    """Return what a candidate of this name has, by times that may be 0 for unknown."""
    if state in LINED_UP:
        return queued_at
    # A future `enqueued_at` means that the clock of the enqueuing process is wrong: ignore it.
    return enqueued_at if state is State.SCHEDULED and enqueued_at <= now else 0


Readable: TypeAlias = Callable[[str, str], str]
"""Returns what may be searched of a call, given the dotted path of its task and its arguments."""


def all_arguments(task: str, arguments: str) -> str:
    """Return all of a call's arguments."""
    return arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which jobs are meant: those for which all of it holds.

    Attributes:
        states: one of these.
        task: dotted path of the task, or its last parts.
        error: dotted path of the class of the last error, or its last parts.
        text: part of the arguments' JSON; capitals do not matter.
        batch: id of the batch of which they are members.
        since: Unix milliseconds; when the job is due, ended, began to run or was enqueued,
            as its state is. The first that counts.
        until: the same; the last that counts.
        as_of: Unix milliseconds by the broker's clock; what came, ran or ended later is left out.
    """

    states: Collection[State] = LISTED
    queue: str | None = None
    task: str | None = None
    error: str | None = None
    text: str | None = None
    batch: str | None = None
    id: str | None = None
    since: int | None = None
    until: int | None = None
    as_of: int | None = None

    @property
    def ordered_states(self) -> tuple[State, ...]:
        return tuple(state for state in LISTED if state in self.states)

    @property
    def is_timed(self) -> bool:
        """Whether times of jobs have to be looked at."""
        return any(value is not None for value in (self.since, self.until, self.as_of))

    @property
    def is_indexed(self) -> bool:
        """Whether it is known without a look at them how many jobs are meant."""
        read = (self.task, self.error, self.text, self.batch, self.id, self.as_of)
        if any(value is not None for value in read):
            return False
        of_one_queue = self.queue is None or set(self.states) <= {*LINED_UP}
        timed = self.since is not None or self.until is not None
        return of_one_queue and not (timed and {*LINED_UP, State.RUNNING} & set(self.states))

    def wants(self, job: Candidate, readable: Readable = all_arguments) -> bool:
        """Tell whether a job is meant."""
        return (
            job.state in self.states
            and self.queue in (None, job.queue)
            and self.id in (None, job.id)
            and self.batch in (None, job.batch)
            and _ends_with(job.task, self.task)
            and _ends_with(job.error, self.error)
            and self._is_in_time(job)
            and self._is_in_text(job, readable)
        )

    def _is_in_time(self, job: Candidate) -> bool:
        if not self.is_timed:
            return True
        if self.since is not None and job.moment < self.since:
            return False
        if self.until is not None and job.moment > self.until:
            return False
        ended = job.moment if job.state.is_final else 0
        newest = max(job.came_at, job.last_attempted_at, ended)
        return self.as_of is None or newest <= self.as_of

    def _is_in_text(self, job: Candidate, readable: Readable) -> bool:
        """Look for the text as it was typed, and as JSON would write it."""
        if self.text is None:
            return True
        texts = {self.text.casefold(), json.dumps(self.text, ensure_ascii=False)[1:-1].casefold()}
        return _holds(job.arguments, texts) and (
            readable is all_arguments or _holds(readable(job.task, job.arguments), texts)
        )


def _holds(text: str, parts: Collection[str]) -> bool:
    folded = text.casefold()
    return any(part in folded for part in parts)


def _ends_with(path: str, wanted: str | None) -> bool:
    """Tell whether a dotted path is the wanted one, or ends with its parts."""
    return wanted is None or path == wanted or path.endswith(f".{wanted}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReply:
    """The part of the list that one call reads.

    Attributes:
        candidates: the jobs on it, in order.
        scanned: how many jobs were read, including those that have been deleted since.
        total: how many are listed in all.
        left: how many are listed behind it.
        end: the place of the last one, or None if there was none.
        at: Unix milliseconds by the broker's clock.
    """

    candidates: tuple[Candidate, ...]
    scanned: int
    total: int
    left: int
    end: Cursor | None
    at: int
