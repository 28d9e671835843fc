"""The jobs in memory, with the locks of unique ones."""

from __future__ import annotations

from collections.abc import Callable

from django_jobs.brokers.constants import NO_DUE_TIME
from django_jobs.jobs.records import Job, State

from .indexes import Indexes
from .locks import Locks
from .stored_job import StoredJob


class Store(Indexes):
    """Frees the lock of each job that ends. Not locked itself: its owner does that.

    Args:
        wake: called with the name of a queue that a successor will get into.
    """

    def __init__(self, wake: Callable[[str], None]) -> None:
        super().__init__()
        self.locks = Locks(self.entries)
        self._wake = wake

    def end(self, entry: StoredJob, state: State, now: int) -> None:
        if entry.job.lock:
            kept = entry.job.lock.keep_for if state is State.SUCCEEDED else 0
            self.free(entry, now, now + kept if kept else None)
        super().end(entry, state, now)

    def sweep(self, now: int) -> None:
        super().sweep(now)
        self.locks.sweep(now)

    def add_successor(self, job: Job) -> None:
        """Add a job that waits until it is given its lock."""
        entry = self.entries[job.id] = StoredJob(job)
        self.queues.setdefault(job.queue, [])
        self.idle.pop(job.queue, None)
        self.wait_until(entry, State.SCHEDULED, NO_DUE_TIME)

    def replace(self, entry: StoredJob, job: Job, now: int) -> None:
        """Put another call in the place of one that waits."""
        awaits_lock = entry.awaits_lock
        self._leave(entry)
        entry.take_over(job)
        self._wake(job.queue)
        self.queues.setdefault(job.queue, [])
        self.idle.pop(job.queue, None)
        if awaits_lock:
            self.wait_until(entry, State.SCHEDULED, NO_DUE_TIME)
        elif job.run_at is not None and job.run_at > now:
            self.wait_until(entry, State.SCHEDULED, job.run_at)
        else:
            self._arrive(entry, now)

    def delete(self, entry: StoredJob, now: int) -> None:
        """Forget an entry whose time is not over, with its lock."""
        self.free(entry, now)
        self.remove(entry)

    def free(self, entry: StoredJob, now: int, keep_until: int | None = None) -> None:
        """Free the lock of an entry, and let the job that waits for it become due.

        Args:
            keep_until: until when nobody else gets the lock unless somebody waits for it.
        """
        self._begin(self.locks.leave(entry.job, keep_until), now)

    def pass_on_lock(self, digest: str, now: int) -> bool:
        """Let a job become due that waits for a lock, if the holder has lost that; return if so."""
        successor = self.locks.pass_on(digest, now)
        self._begin(successor, now)
        return successor is not None

    def lock_again(self, job: Job, now: int) -> bool:
        """Give a job its lock if it is unique; return False if another one holds that."""
        if job.lock:
            self.pass_on_lock(job.lock.digest, now)
            self.locks.take(job, now)
        return self.locks.other_holder(job, now) is None

    def _begin(self, successor: StoredJob | None, now: int) -> None:
        """Let a job become due that has waited for its lock."""
        if successor:
            self.defer(successor, State.SCHEDULED, max(now, successor.job.run_at or 0))
            self._wake(successor.job.queue)
