"""Moves waiting jobs from one broker to another, in steps that can be repeated after a crash.

No step spans two servers, so a job is held in a paused queue on its way, where no worker takes it:

1. The source moves it to its departure queue.
2. The target stores a copy in its arrival queue.
3. The source deletes it.
4. The target moves it to its queue.

A move that was killed in between leaves jobs in these queues, whose names say from where to where
they go, and in no other place. The next move between the two brokers finishes it: a job that the
source still has in its departure queue goes on with step 2, one that only the target has with
step 4. So a job is never lost, and never runs at both.

A job that is cancelled on its way, or replaced by a newer call of a unique task, belongs to the
source again: step 3 leaves alone what was changed since step 2, and the copy is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django_jobs.errors import BrokerError
from django_jobs.jobs.ids import new_job_id

from .constants import MOVABLE
from .inspection.base import Inspection, JobAction
from .inspection.filters import Candidate, Filter
from .inspection.finder import Finder

PORTION = 100
"""Jobs that travel together; the process holds them in memory."""

HOLD_MS = 60_000
"""For how long one process may move jobs without a sign of life, longer than any portion takes."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many jobs were moved, and the ids of those that the target has already."""

    number: int = 0
    known: tuple[str, ...] = ()

    def __add__(self, other: Moved) -> Moved:
        return Moved(self.number + other.number, self.known + other.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerMove:
    """The way from one broker to another.

    Attributes:
        source_name: the alias of the source, for the name of the arrival queue.
        target_name: the alias of the target, for the name of the departure queue.
    """

    source: Inspection
    target: Inspection
    source_name: str
    target_name: str
    _owner: str = field(default_factory=new_job_id)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from moving jobs out of the source; use the rest inside.

        Raises:
            BrokerError: another process is moving some, or was killed a moment ago.
        """
        self._hold()
        try:
            yield
        finally:
            self.source.hold_moves(self._owner, 0)

    def _hold(self) -> None:
        if not self.source.hold_moves(self._owner, HOLD_MS):
            raise BrokerError(
                f"Jobs of backend {self.source_name} are being moved by another process, or by one"
                f" that was killed less than {HOLD_MS // 1000} s ago. Try again later."
            )

    def move(self, ids: Sequence[str], source: str, target: str) -> Moved:
        """Move jobs that wait in a queue of the source to a queue of the target.

        Raises:
            BrokerError: a broker does not answer. Repeat the move, or call `finish`.
        """
        self.source.move(ids, source, self._departure(target), held=True)
        return self._carry(target)

    def finish(self) -> Moved:
        """Finish what an interrupted move has left.

        Raises:
            BrokerError: a broker does not answer.
        """
        moved = Moved()
        for queue in _queues_named(self.source, self._departure("")):
            moved += self._carry(queue)
        for queue in _queues_named(self.target, self._arrival("")):
            moved += Moved(sum(self._release(ids, queue) for ids in self._arrived(queue)))
        return moved

    def tidy_up(self) -> None:
        """Resume the queues that jobs have passed, so that they are forgotten once empty."""
        for inspection, suffix in (
            (self.source, self._departure("")),
            (self.target, self._arrival("")),
        ):
            for queue in _queues_named(inspection, suffix):
                if not _waiting(inspection, queue + suffix):
                    inspection.resume(queue + suffix)

    def _departure(self, queue: str) -> str:
        return f"{queue} (moving to {self.target_name})"

    def _arrival(self, queue: str) -> str:
        return f"{queue} (moving from {self.source_name})"

    def _carry(self, queue: str) -> Moved:
        """Bring all jobs from the departure queue of a queue to the target."""
        moved = Moved()
        while seen := _waiting(self.source, self._departure(queue)):
            moved += self._carry_portion(seen, queue)
        return moved

    def _carry_portion(self, seen: Sequence[Candidate], queue: str) -> Moved:
        self._hold()
        ids = [one.id for one in seen]
        records = [one for one in self.source.read_whole(ids) if one.state in MOVABLE]
        self.target.adopt(records, self._arrival(queue))
        arrived = self._in_arrival_queue(ids, queue)
        self.source.apply(JobAction.DELETE, [one for one in seen if one.id in arrived])
        # What the target has elsewhere is another job, or both are the same store.
        known = [job_id for job_id in ids if job_id not in arrived]
        returned = self.source.move(known, self._departure(queue), queue)
        return Moved(self._release(arrived, queue), returned)

    def _release(self, ids: Sequence[str], queue: str) -> int:
        """Put arrived jobs that the source no longer has into their queue; return how many."""
        self._hold()
        kept = {record.job.id for record in self.source.read(ids)}
        for job_id in kept:
            # It was changed, or an operator has resumed the departure queue.
            self.target.delete(job_id)
        gone = [job_id for job_id in ids if job_id not in kept]
        return len(self.target.move(gone, self._arrival(queue), queue))

    def _in_arrival_queue(self, ids: Sequence[str], queue: str) -> list[str]:
        arrival = self._arrival(queue)
        return [one.job.id for one in self.target.read(ids) if one.job.queue == arrival]

    def _arrived(self, queue: str) -> Iterator[list[str]]:
        while seen := _waiting(self.target, self._arrival(queue)):
            yield [one.id for one in seen]


def _queues_named(inspection: Inspection, suffix: str) -> list[str]:
    """Return the beginnings of the names of queues that end with a suffix."""
    names = [queue.name for queue in inspection.queues()]
    return [name.removesuffix(suffix) for name in names if name.endswith(suffix)]


def _waiting(inspection: Inspection, queue: str) -> tuple[Candidate, ...]:
    """Return some jobs that wait in a queue, in their order; none if there are none."""
    finder = Finder(inspection, Filter(states=MOVABLE, queue=queue))
    page = finder.page(limit=PORTION)
    while not page.found and page.end:
        page = finder.page(page.end, limit=PORTION)
    return page.found
