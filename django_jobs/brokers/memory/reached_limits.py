"""What becomes in memory of a job that has met a limit of somebody else's."""

from __future__ import annotations

from django_jobs.brokers.constants import LIMITS_MET
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Settlement, State

from .markers import Markers
from .store import Store
from .stored_job import StoredJob


class ReachedLimits:
    """Closes the limits of jobs that raise `LimitReached`; the caller holds the broker's lock.

    Args:
        store: where the jobs are.
        markers: of queues that may have jobs.
    """

    def __init__(self, store: Store, markers: Markers) -> None:
        self._store = store
        self._markers = markers

    def meet(self, entry: StoredJob, settlement: Settlement, now: int) -> bool:
        """Close limits of a job whose attempt was undone, and let it wait for them.

        Returns:
            Whether it still waits; False if it is dead.
        """
        assert settlement.failure is not None
        entry.reach_limit(settlement.failure)
        until = now + settlement.delay
        closed = closed_by(entry.job.limits, settlement.closes or "")
        for limit in closed:
            self._store.slots.close(limit.key, until)
            self._store.waiters.look_at(limit.key, now)
        if entry.limits_met > LIMITS_MET:
            entry.add_failure(settlement.failure)
            entry.finished_at = now
            self._store.end(entry, State.DEAD, now)
            return False
        if closed:
            self._store.put_back(entry)
            self._markers.add(entry.job.queue)
        else:
            self._store.defer(entry, State.SCHEDULED, until)
        return True


def closed_by(limits: tuple[JobLimit, ...], name: str) -> list[JobLimit]:
    """Return the limits of a job that are to close.

    Args:
        name: of one of them, or "" for all rates, or all limits if none is a rate.
    """
    if name:
        return [limit for limit in limits if limit.name == name]
    return [limit for limit in limits if limit.per] or list(limits)
