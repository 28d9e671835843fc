"""Which worker holds which jobs until when, and what becomes of those of a worker that vanished."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django_jobs.brokers.constants import MAX_CRASHES, WORKER_LOST, WORKER_LOST_MESSAGE
from django_jobs.brokers.messages import Order, Report, WorkerInfo
from django_jobs.jobs.records import Failure, State

from .entry import Entry
from .holder import Holder
from .store import Store


class Leases:
    """The workers that a broker knows; whoever calls holds the broker's lock.

    Args:
        lease: in milliseconds.
        store: where the jobs are.
        mark: leaves word that a queue has jobs.
    """

    def __init__(self, lease: int, store: Store, mark: Callable[[str], None]) -> None:
        self.holders: dict[str, Holder] = {}
        self._lease = lease
        self._store = store
        self._mark = mark
        self._lost: set[str] = set()

    def holder(self, worker: str, now: int) -> Holder:
        """Return what a worker holds; the first call begins its lease."""
        holder = self.holders.get(worker)
        if holder is None:
            holder = self.holders[worker] = Holder(now + self._lease)
        return holder

    def renew(self, info: WorkerInfo, now: int) -> bool:
        """Begin a worker's lease anew; True if it had lost its jobs.

        A worker that is late itself can't tell whether the others vanished or nobody could send
        heartbeats, so those whose lease is over get another one, once.
        """
        holder = self.holder(info.id, now)
        self._shorten(now)
        if holder.lease_until <= now:
            self._doubt(now)
        holder.lease_until = now + self._lease
        holder.doubted = False
        holder.info = info
        lost = info.id in self._lost
        self._lost.discard(info.id)
        return lost

    def _shorten(self, now: int) -> None:
        """End leases in time that were begun before the clock was set back."""
        for one in self.holders.values():
            one.lease_until = min(one.lease_until, now + self._lease)

    def _doubt(self, now: int) -> None:
        for one in self.holders.values():
            if one.lease_until <= now and not one.doubted:
                one.lease_until = now + self._lease
                one.doubted = True

    def note(self, worker: str, report: Report) -> None:
        """Note what a worker reports of jobs that it holds."""
        holder = self.holders[worker]
        for progress in report.progress:
            if entry := holder.entry(progress.job_id, progress.token):
                entry.progress = progress
        for saved in report.metadata:
            if entry := holder.entry(saved.job_id, saved.token):
                entry.save_metadata(saved.metadata)

    def take_order(self, worker: str) -> Order | None:
        holder = self.holders[worker]
        order, holder.order = holder.order, None
        return order

    def reap(self, now: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Take back the jobs of workers whose lease is over: ids of the recovered and the dead."""
        gone = [name for name, one in self.holders.items() if one.lease_until <= now]
        taken_back = [
            (name, entry) for name in gone for entry in self.holders.pop(name).held.values()
        ]
        self._lost.update(gone)
        buried = [
            entry.job.id for name, entry in taken_back if not self._survives(entry, name, now)
        ]
        recovered = [entry.job.id for _, entry in taken_back if entry.job.id not in buried]
        return tuple(recovered), tuple(buried)

    def forget(self, worker: str) -> Iterable[Entry]:
        """Forget a worker, and return what it held."""
        holder = self.holders.pop(worker, None)
        return holder.held.values() if holder else ()

    def _survives(self, entry: Entry, worker: str, now: int) -> bool:
        """Take back a job of a worker that vanished; False if it is dead for that."""
        entry.crashes += 1
        if entry.crashes >= MAX_CRASHES:
            self._bury(entry, worker, now)
            return False
        self._store.put_back(entry)
        self._mark(entry.job.queue)
        return True

    def _bury(self, entry: Entry, worker: str, now: int) -> None:
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
