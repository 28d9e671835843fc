"""The locks of unique jobs in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django_jobs.brokers.constants import ALIAS_MS, RESENT_MS
from django_jobs.jobs.records import Job, Lock, Until

from .stored_job import StoredJob


@dataclass(slots=True)
class Held:
    """A lock that somebody has.

    Attributes:
        holder: id of the job that has it.
        successor: id of the job that gets it next, or None.
        kept_until: when it is free; the holder has succeeded. None while the holder decides.
    """

    holder: str
    successor: str | None = None
    kept_until: int | None = None


class Locks:
    """The holders and successors of locks. Changes no job; the caller holds the broker's lock.

    Args:
        entries: all jobs by their ids.
        is_called_off: tells whether the batch of a job was cancelled.
    """

    def __init__(
        self, entries: Mapping[str, StoredJob], is_called_off: Callable[[StoredJob], bool]
    ) -> None:
        self._entries = entries
        self._is_called_off = is_called_off
        self.held: dict[str, Held] = {}
        self._aliases: dict[str, tuple[str, int]] = {}
        self._expiries: list[tuple[int, str]] = []
        """When aliases and kept locks are over: the former by their ids, the latter by digests."""

    # --- who holds it --------------------------------------------------------------------------

    def holder(self, digest: str, now: int) -> Held | None:
        """Return who holds a lock; None if it is free, whatever was noted of it.

        What has no holder any more is left as it is, for the doctor.
        """
        held = self.held.get(digest)
        return held if held and self.is_right(digest, held, now) else None

    def noted_holder(self, digest: str, now: int) -> str | None:
        """Return the id of the job that holds a lock, also if it loses that to the next call."""
        held = self.held.get(digest)
        if held is None or not self.belongs_to_somebody(digest, held):
            return None
        is_over = held.kept_until is not None and held.kept_until <= now
        return None if is_over else held.holder

    def is_right(self, digest: str, held: Held, now: int) -> bool:
        """Return whether the holder of a lock keeps others away."""
        if held.kept_until is not None:
            return held.kept_until > now
        if not self.belongs_to_somebody(digest, held):
            return False
        entry = self._entries[held.holder]
        return not (entry.state.is_waiting and self._will_not_run(entry, now))

    def _will_not_run(self, entry: StoredJob, now: int) -> bool:
        """Return whether a job that waits will be discarded instead of started."""
        expires = entry.job.expires_at
        return (expires is not None and expires <= now) or self._is_called_off(entry)

    def belongs_to_somebody(self, digest: str, held: Held) -> bool:
        """Return whether a lock is kept, or its holder is there, has not ended, and needs it.

        A job that waits for its lock does not have it, whatever was noted.
        """
        if held.kept_until is not None:
            return True
        entry = self._entries.get(held.holder)
        if entry is None or entry.state.is_final or entry.awaits_lock:
            return False
        return _digest(entry) == digest

    def misses_lock(self, entry: StoredJob, now: int) -> bool:
        """Return whether nobody holds a lock that a job should hold, unless it may have lost it.

        It loses that at its start, as its time is over, or as its batch was cancelled; another job
        may have had it since.
        """
        lock = entry.job.lock
        if lock is None or entry.state.is_final or self._will_not_run(entry, now):
            return False
        if lock.until is Until.START and entry.token:
            return False
        held = self.held.get(lock.digest)
        return held is None or not self.belongs_to_somebody(lock.digest, held)

    def successor(self, held: Held) -> StoredJob | None:
        """Return the job that waits for a lock, if it still does. Nobody waits for itself."""
        if held.successor is None or held.successor == held.holder:
            return None
        entry = self._entries.get(held.successor)
        return entry if entry and entry.awaits_lock else None

    def has_successor(self, job: Job) -> bool:
        """Return whether another job waits for the end of this one."""
        held = self.held.get(job.lock.digest) if job.lock else None
        return held is not None and held.holder == job.id and self.successor(held) is not None

    # --- who gets it ---------------------------------------------------------------------------

    def give(self, digest: str, job_id: str) -> None:
        """Give a lock to a job. Another job may have held it."""
        self.held[digest] = Held(job_id)

    def pass_on(self, digest: str, now: int) -> StoredJob | None:
        """Give a lock that its holder has lost to the job that waits for it, and return that."""
        held = self.held.get(digest)
        if held is None or self.is_right(digest, held, now):
            return None
        successor = self.successor(held)
        if successor:
            self.give(digest, successor.job.id)
        return successor

    def leave(self, job: Job, keep_until: int | None = None) -> StoredJob | None:
        """Free the lock of a job, if the job has it, or waits for it.

        Args:
            keep_until: until when nobody else gets it unless somebody waits for it.

        Returns:
            The job that has it now, as it waited for it.
        """
        held = self.held.get(job.lock.digest) if job.lock else None
        if held is None or job.lock is None:
            return None
        if held.successor == job.id:
            held.successor = None
            return None
        if held.holder != job.id:
            return None
        successor = self.successor(held)
        if successor:
            self.give(job.lock.digest, successor.job.id)
        elif keep_until:
            held.kept_until, held.successor = keep_until, None
            heapq.heappush(self._expiries, (keep_until, job.lock.digest))
        else:
            del self.held[job.lock.digest]
        return successor

    # --- aliases -------------------------------------------------------------------------------

    def merge(self, job: Job, lock: Lock, holder: str, now: int) -> str:
        """Let the id of a job that is not stored stand for the holder, and return that one's."""
        until = now + (ALIAS_MS if lock.after_commit else RESENT_MS)
        self._aliases[job.id] = (holder, until)
        heapq.heappush(self._expiries, (until, job.id))
        return holder

    def merged_with(self, job_id: str, now: int) -> str | None:
        """Return the id of the job with which a call was merged."""
        holder, until = self._aliases.get(job_id, ("", 0))
        return holder if until > now else None

    def sweep(self, now: int) -> None:
        """Forget the aliases and the kept locks whose time is over."""
        while self._expiries and self._expiries[0][0] <= now:
            _, name = heapq.heappop(self._expiries)
            if name in self._aliases and self.merged_with(name, now) is None:
                del self._aliases[name]
            held = self.held.get(name)
            if held and held.kept_until is not None and held.kept_until <= now:
                del self.held[name]


def ends_at_start(job: Job) -> bool:
    """Return whether a claim of a job frees its lock."""
    return job.lock is not None and job.lock.until is Until.START


def _digest(entry: StoredJob) -> str | None:
    return entry.job.lock.digest if entry.job.lock else None
