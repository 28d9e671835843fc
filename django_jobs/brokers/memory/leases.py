"""The leases of workers in memory, and how the jobs of vanished workers are taken back."""

from __future__ import annotations

from collections.abc import Iterable

from django_jobs.brokers.constants import MAX_CRASHES, WORKER_LOST, WORKER_LOST_MESSAGE
from django_jobs.brokers.messages import HeartbeatReport, WorkerInfo
from django_jobs.jobs.records import Failure, State

from .markers import Markers
from .store import Store
from .stored_job import StoredJob
from .worker_state import WorkerState


class Leases:
    """The workers that a broker knows; the caller holds the broker's lock.

    Args:
        lease: in milliseconds.
        store: where the jobs are.
        markers: of queues that may have jobs.

    Attributes:
        workers: those that have a lease, by id.
    """

    def __init__(self, lease: int, store: Store, markers: Markers) -> None:
        self.workers: dict[str, WorkerState] = {}
        self._lease = lease
        self._store = store
        self._markers = markers
        self._lost: set[str] = set()

    def renew(self, worker_id: str, info: WorkerInfo, now: int) -> bool:
        """Begin or renew a worker's lease; return whether it had lost its jobs.

        A worker that is late itself cannot tell whether the others vanished or nobody could send
        heartbeats, so those whose lease is over get another one, once.
        """
        worker = self.workers.setdefault(worker_id, WorkerState(info, now + self._lease))
        self._shorten(now)
        if worker.lease_until <= now:
            self._extend_overdue(now)
        worker.lease_until = now + self._lease
        worker.lease_extended = False
        worker.info = info
        lost = worker_id in self._lost
        self._lost.discard(worker_id)
        return lost

    def _shorten(self, now: int) -> None:
        """End leases in time that were begun before the clock was set back."""
        for one in self.workers.values():
            one.lease_until = min(one.lease_until, now + self._lease)

    def _extend_overdue(self, now: int) -> None:
        for one in self.workers.values():
            if one.lease_until <= now and not one.lease_extended:
                one.lease_until = now + self._lease
                one.lease_extended = True

    def note(self, worker_id: str, report: HeartbeatReport) -> None:
        """Note what a worker reports of jobs that it holds."""
        worker = self.workers[worker_id]
        for progress in report.progress:
            if entry := worker.entry(progress.job_id, progress.token):
                entry.progress = progress
        for saved in report.metadata:
            if entry := worker.entry(saved.job_id, saved.token):
                entry.save_metadata(saved.metadata)

    def take_back(self, now: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Take back what workers have abandoned, and all jobs of those whose lease is over.

        Returns:
            Ids of the recovered and of the dead.
        """
        # In order: of jobs that come back together, the first one gets a lock that all of them had.
        ends = sorted((one.lease_until, name) for name, one in self.workers.items())
        gone = [name for lease_until, name in ends if lease_until <= now]
        taken_back = [
            (name, entry) for name, one in self.workers.items() for entry in one.take_abandoned()
        ]
        if any(entry.is_suspect for _, entry in taken_back):
            self._markers.add_all(self._store.queues_with_jobs())
        taken_back += [
            (name, entry) for name in gone for entry in self.workers.pop(name).held_in_order()
        ]
        self._lost.update(gone)
        dead = [entry.job.id for name, entry in taken_back if not self._survives(entry, name, now)]
        recovered = [entry.job.id for _, entry in taken_back if entry.job.id not in dead]
        return tuple(recovered), tuple(dead)

    def forget(self, worker_id: str) -> Iterable[StoredJob]:
        """Forget a worker, and return what it held."""
        worker = self.workers.pop(worker_id, None)
        return worker.held_in_order() if worker else ()

    def _survives(self, entry: StoredJob, worker: str, now: int) -> bool:
        """Take back a job as from a worker that vanished; False if it is dead for that."""
        entry.crashes += 1
        if entry.crashes >= MAX_CRASHES:
            self._end_as_dead(entry, worker, now)
            return False
        self._store.put_back(entry)
        self._store.take_lock(entry.job, now)
        self._markers.add(entry.job.queue)
        return True

    def _end_as_dead(self, entry: StoredJob, worker: str, now: int) -> None:
        failure = Failure(
            exception=WORKER_LOST,
            message=WORKER_LOST_MESSAGE % (entry.crashes, worker),
            traceback="",
            at=now,
            worker=worker,
            attempt=entry.attempts,
        )
        entry.add_failure(failure)
        entry.finished_at = now
        self._store.end(entry, State.DEAD, now)
