"""The edges in memory: from what has ended to the jobs that wait for it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from enum import StrEnum

from django_jobs.jobs.awaited import AwaitedEvent, BatchEvent
from django_jobs.jobs.records import Job, State
from django_jobs.jobs.workflows import NewNode

from .indexes import Indexes
from .stored_job import StoredJob


class Event(StrEnum):
    """What happens to a batch, a workflow or a node, and is noted to be worked off.

    `docs/explanation/relations.md` says what each means.
    """

    SUCCESS = "success"
    END = "end"
    DEATH = "death"
    SEAL = "seal"
    FAILURE = "failure"
    BACK = "back"
    OVER = "over"
    GONE = "gone"
    DROP = "drop"
    ADDED = "added"
    ADDED_SUCCESS = "added_success"
    ADDED_FAILURE = "added_failure"
    ADDED_BACK = "added_back"


class Edges:
    """From nodes to the jobs that wait for an event of theirs. The caller holds the broker's lock.

    An event is only noted. `Nodes` follows the edges.

    Args:
        indexes: where the jobs are.
        wake: called with the name of a queue that gets a job.
    """

    def __init__(self, indexes: Indexes, wake: Callable[[str], None]) -> None:
        self._indexes = indexes
        self._wake = wake
        self.waiting: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self.happened: deque[tuple[Event, str]] = deque()

    def add(self, job: Job, node: str, event: BatchEvent) -> None:
        """Store a callback that waits for an event of a batch."""
        entry = StoredJob(job, open_edges=1, waits_for=AwaitedEvent(event, node))
        self._indexes.hold_back(entry)
        self.waiting[event, node].append(job.id)

    def leads_to(self, entry: StoredJob) -> bool:
        """Return whether the event of a batch may still happen for which a callback waits."""
        awaited = entry.waits_for
        return isinstance(awaited, AwaitedEvent) and awaited in self.waiting

    def lead_to(self, node: NewNode) -> None:
        """Note what a node waits for."""
        for edge in node.edges:
            self.waiting[edge.kind, edge.source].append(node.job.id)

    def note(self, event: str, node: str) -> None:
        """Note that something has happened."""
        self.happened.append((Event(event), node))

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

    def release(self, entry: StoredJob, now: int) -> None:
        """Close an edge; if it was the last one, bring the job to its queue, or to its time."""
        if not entry.open_edges:
            return
        entry.open_edges -= 1
        if entry.open_edges or entry.state is not State.WAITING:
            return
        if entry.job.run_at is not None and entry.job.run_at > now:
            self._indexes.defer(entry, State.SCHEDULED, entry.job.run_at)
        else:
            self._indexes.enqueue(entry, now)
        self._wake(entry.job.queue)
