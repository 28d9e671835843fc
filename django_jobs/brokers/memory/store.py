"""The jobs in memory, with the locks of unique ones."""

from __future__ import annotations

from collections.abc import Callable

from django_jobs.brokers.constants import NO_DUE_TIME
from django_jobs.jobs.records import Job, Lock, State

from .indexes import Indexes
from .locks import Held, Locks
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

    def holder_of(self, digest: str, now: int) -> Held | None:
        """Return who holds a lock; None if it is free.

        A lock that its holder has lost goes to the job that waits for it, which becomes due.
        """
        self._begin(self.locks.pass_on(digest, now), now)
        return self.locks.holder(digest, now)

    def other_holder(self, job: Job, lock: Lock, now: int) -> Held | None:
        """Return who keeps a job from having its lock; None also for the job itself."""
        held = self.holder_of(lock.digest, now)
        return held if held and held.holder != job.id else None

    def take_lock(self, job: Job, now: int) -> bool:
        """Give a job its lock if that is free; return False if another one has it."""
        if job.lock is None:
            return True
        held = self.holder_of(job.lock.digest, now)
        if held and held.holder != job.id:
            return False
        if held is None or held.kept_until is not None:
            self.locks.give(job.lock.digest, job.id)
        return True

    def _begin(self, successor: StoredJob | None, now: int) -> None:
        """Let a job become due that has waited for its lock."""
        if successor:
            self.defer(successor, State.SCHEDULED, max(now, successor.job.run_at or 0))
            self._wake(successor.job.queue)
