"""How unique jobs get into the broker in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django_jobs.errors import DuplicateJob
from django_jobs.jobs.records import Job, Lock, OnConflict, State

from .locks import Held
from .store import Store


class UniqueJobs:
    """Decides what becomes of a call of a unique task; the caller holds the broker's lock.

    Args:
        store: where the jobs are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._locks = store.locks

    def check(self, jobs: Sequence[Job], now: int) -> None:
        """Refuse jobs of which one must not meet another, before anything is stored.

        Raises:
            DuplicateJob: another job, or an earlier one of these, holds the lock of one of them.
        """
        earlier: set[str] = set()
        for index, job in enumerate(jobs):
            if job.lock is None or job.id in self._store.entries:
                continue
            if job.lock.raises:
                self._check_one(job, job.lock, index, earlier, now)
            earlier.add(job.lock.digest)

    def _check_one(self, job: Job, lock: Lock, index: int, earlier: set[str], now: int) -> None:
        held = self._store.other_holder(job, lock, now)
        if held or lock.digest in earlier:
            raise DuplicateJob(job.task, held.holder if held else None, index)

    def count_new(self, jobs: Iterable[Job], now: int) -> int:
        """Return how many of these jobs would be stored as jobs of their own."""
        taken: set[str] = set()
        count = 0
        for job in jobs:
            if job.id in self._store.entries:
                continue
            if job.lock is not None:
                if job.lock.digest in taken or not self._is_new(job, job.lock, now):
                    continue
                taken.add(job.lock.digest)
            count += 1
        return count

    def _is_new(self, job: Job, lock: Lock, now: int) -> bool:
        held = self._store.other_holder(job, lock, now)
        return held is None or self._becomes_successor(lock, held)

    def _becomes_successor(self, lock: Lock, held: Held) -> bool:
        """Return whether a job is to wait for the end of the one that holds its lock."""
        if lock.on_conflict is not OnConflict.REPLACE or held.kept_until is not None:
            return False
        running = self._store.entries[held.holder].state is State.RUNNING
        return running and self._locks.successor(held) is None

    def push(self, job: Job, lock: Lock, now: int) -> str:
        """Store a job that is not known, or merge it with the one that holds its lock.

        Returns:
            The id of the job that stands for the call.
        """
        held = self._store.other_holder(job, lock, now)
        if held is None:
            self._store.add(job, now)
            self._locks.give(lock.digest, job.id)
            return job.id
        if lock.on_conflict is OnConflict.REPLACE:
            self._store.let_go(held, now)
        if self._becomes_successor(lock, held):
            self._store.add_successor(job, now)
            held.successor = job.id
            return job.id
        if lock.on_conflict is OnConflict.REPLACE and held.kept_until is None:
            entry = self._locks.successor(held) or self._store.entries[held.holder]
            self._store.replace(entry, job, now)
            return self._locks.merge(job, lock, entry.job.id, now)
        return self._locks.merge(job, lock, held.holder, now)
