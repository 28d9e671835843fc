"""Jobs in memory that are to be cancelled while they run."""

from __future__ import annotations

from collections.abc import Callable

from django_jobs.jobs.records import State

from .store import Store
from .stored_job import StoredJob
from .worker_state import WorkerState


class Cancellations:
    """Ends jobs as discarded; the caller holds the broker's lock.

    Args:
        store: where the jobs are.
        make_room: called when fewer jobs wait.
    """

    def __init__(self, store: Store, make_room: Callable[[], None]) -> None:
        self._store = store
        self._make_room = make_room
        self._wanted: set[str] = set()

    def cancel(self, entry: StoredJob, now: int) -> None:
        """End a waiting job, or have its worker end it with its next heartbeat."""
        if entry.state is State.RUNNING:
            entry.cancelled = True
            self._wanted.add(entry.job.id)
            return
        entry.finished_at = now
        self._store.end(entry, State.DISCARDED, now)
        self._make_room()

    def forget(self, entry: StoredJob) -> None:
        """Forget a cancellation: an operator has retried or deleted the job since."""
        entry.cancelled = False
        self._wanted.discard(entry.job.id)

    def of(self, worker: WorkerState, now: int) -> tuple[str, ...]:
        """Return the jobs that a worker is to cancel; end those that wait again."""
        for job_id in sorted(self._wanted):
            entry = self._store.entries.get(job_id)
            if entry is None or entry.state is not State.RUNNING:
                self._wanted.discard(job_id)
            if entry is not None and entry.state.is_waiting and entry.cancelled:
                self.cancel(entry, now)
        return tuple(sorted(self._wanted & worker.held.keys()))
