"""Jobs in memory that wait for a worker that knows them."""

from __future__ import annotations

from collections.abc import Mapping

from django_jobs.brokers.constants import (
    LONGEST_PAUSE_MS,
    POSTPONED_MS,
    POSTPONED_SEEN_MS,
    POSTPONED_TASKS,
    SHORTEST_PAUSE_MS,
    UNKNOWN_FORMAT,
    UNKNOWN_FORMAT_MESSAGE,
)
from django_jobs.jobs.records import JOB_FORMAT, Failure, State

from .store import Store
from .stored_job import StoredJob


class Postponements:
    """Makes jobs wait for another worker; the caller holds the broker's lock.

    Args:
        store: where the jobs are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, int] = {}

    def postpone(self, entry: StoredJob, failure: Failure, now: int) -> bool:
        """Make a job wait for as long again as it has been waiting, or end it as dead.

        Returns:
            Whether it still waits.
        """
        age = entry.postpone(failure, now)
        if age >= POSTPONED_MS:
            entry.add_failure(failure)
            entry.finished_at = now
            self._store.end(entry, State.DEAD, now)
            return False
        pause = max(SHORTEST_PAUSE_MS, min(LONGEST_PAUSE_MS, age))
        self._store.defer(entry, State.SCHEDULED, now + pause)
        self._seen[entry.job.task] = now
        if len(self._seen) > POSTPONED_TASKS:
            del self._seen[min(self._seen, key=lambda task: (self._seen[task], task))]
        return True

    def tasks(self, now: int) -> Mapping[str, int]:
        """Return the tasks whose jobs were postponed lately, with when that was last."""
        return {
            task: at for task, at in sorted(self._seen.items()) if at >= now - POSTPONED_SEEN_MS
        }


def is_newer(entry: StoredJob) -> bool:
    """Return whether a later release wrote a job, in a format that this one does not know."""
    return entry.job.format > JOB_FORMAT


def unknown_format(entry: StoredJob, worker: str, now: int) -> Failure:
    """Return why a worker does not claim such a job."""
    return Failure(
        exception=UNKNOWN_FORMAT,
        message=UNKNOWN_FORMAT_MESSAGE % entry.job.format,
        traceback="",
        at=now,
        worker=worker,
        attempt=entry.attempts,
    )
