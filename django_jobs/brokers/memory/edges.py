"""The jobs in memory that wait for others, and what brings them to their queues."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from django_jobs.brokers.constants import EDGES_PER_CALL
from django_jobs.jobs.awaited import AwaitedEvent, BatchEvent
from django_jobs.jobs.records import Job, State

from .indexes import Indexes
from .stored_job import StoredJob


class Edges:
    """From nodes to the jobs that wait for an event of theirs. The caller holds the broker's lock.

    An event is only noted. The next calls of workers follow the edges, a portion each.

    Args:
        indexes: where the jobs are.
        wake: called with the name of a queue that gets a job.
    """

    def __init__(self, indexes: Indexes, wake: Callable[[str], None]) -> None:
        self._indexes = indexes
        self._wake = wake
        self.waiting: defaultdict[tuple[BatchEvent, str], deque[str]] = defaultdict(deque)
        self.happened: deque[tuple[BatchEvent, str]] = deque()

    def add(self, job: Job, node: str, event: BatchEvent) -> None:
        """Store a job that waits for an event of a node."""
        entry = StoredJob(job, open_edges=1, waits_for=AwaitedEvent(event, node))
        self._indexes.hold_back(entry)
        self.waiting[event, node].append(job.id)

    def note(self, event: BatchEvent, node: str) -> None:
        """Note that something has happened."""
        self.happened.append((event, node))

    def follow(self, now: int) -> None:
        """Follow some edges of the events that were noted first."""
        for _ in range(EDGES_PER_CALL):
            while self.happened and not self.waiting.get(self.happened[0]):
                self.waiting.pop(self.happened.popleft(), None)
            if not self.happened:
                return
            self._release(self.waiting[self.happened[0]].popleft(), now)

    def expected(self) -> set[str]:
        """Return the ids of all jobs to which an edge leads."""
        return {job_id for jobs in self.waiting.values() for job_id in jobs}

    def end_wait(self, entry: StoredJob, now: int) -> None:
        """End a job as discarded for which nothing will happen any more."""
        entry.finished_at = now
        self._indexes.end(entry, State.DISCARDED, now)

    def drop(self, event: BatchEvent, node: str) -> None:
        """Forget the jobs that wait for what cannot happen any more."""
        for job_id in self.waiting.pop((event, node), ()):
            entry = self._indexes.entries.get(job_id)
            if entry and entry.state is State.WAITING:
                self._indexes.remove(entry)

    def _release(self, job_id: str, now: int) -> None:
        entry = self._indexes.entries.get(job_id)
        if entry is None or entry.state is not State.WAITING:
            return
        entry.open_edges -= 1
        if entry.open_edges:
            return
        if entry.job.run_at is not None and entry.job.run_at > now:
            self._indexes.defer(entry, State.SCHEDULED, entry.job.run_at)
        else:
            self._indexes.enqueue(entry, now)
        self._wake(entry.job.queue)
