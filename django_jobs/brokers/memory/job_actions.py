"""What operators do to jobs in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from django_jobs.brokers.inspection.base import Applied, JobAction

from .cancellations import Cancellations
from .markers import Markers
from .store import Store
from .stored_job import StoredJob


class JobActions:
    """Retries, cancels and deletes jobs. The caller holds the broker's lock.

    Args:
        store: where the jobs are.
        markers: of queues that may have jobs.
        cancellations: of jobs that run.
        make_room: called when fewer jobs wait.
    """

    def __init__(
        self,
        store: Store,
        markers: Markers,
        cancellations: Cancellations,
        make_room: Callable[[], None],
    ) -> None:
        self._store = store
        self._markers = markers
        self._cancellations = cancellations
        self._make_room = make_room
        self._does: Mapping[JobAction, Callable[[StoredJob, int], None]] = {
            JobAction.RETRY: self._retry,
            JobAction.CANCEL: cancellations.cancel,
            JobAction.DELETE: self._delete,
        }

    def apply(self, action: JobAction, entries: Iterable[StoredJob], now: int) -> Applied:
        """Do something to those jobs whose state permits it; what follows from it comes last."""
        changed = locked = 0
        for entry in entries:
            if not self._permits(action, entry):
                continue
            if action is JobAction.RETRY and not self._store.can_run_again(entry, now):
                locked += 1
                continue
            self._does[action](entry, now)
            changed += 1
        self._store.nodes.follow(now)
        self._make_room()
        return Applied(changed, locked)

    def _permits(self, action: JobAction, entry: StoredJob) -> bool:
        """Return whether that may be done to a job now.

        A node stays as it is until its workflow is sealed: another one would start before that.
        """
        if action is JobAction.DELETE and entry.open_added:
            return False
        is_sealed = not self._store.memberships.takes_nodes(entry.job.batch)
        return is_sealed and entry.permits(action.states)

    def _retry(self, entry: StoredJob, now: int) -> None:
        self._cancellations.forget(entry)
        if self._store.waits_for_others(entry):
            self._store.nodes.wait_again(entry)
            return
        if entry.state.is_final:
            self._store.memberships.came_back(entry)
            entry.reset()
        self._store.enqueue(entry, now)
        self._markers.add(entry.job.queue)

    def _delete(self, entry: StoredJob, now: int) -> None:
        self._cancellations.forget(entry)
        self._store.delete(entry, now)
