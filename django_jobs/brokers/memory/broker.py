"""The broker in memory: the default of every site, and the model that Redis is tested against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.clock import now_ms
from django_jobs.errors import QueueFull
from django_jobs.jobs.records import Job, Tick
from django_jobs.waits import capped, wait_out

from .cancellations import Cancellations
from .doctor import MemoryDoctor
from .inspection import MemoryInspection
from .leases import Leases
from .lock import Lock
from .markers import Markers
from .parts import Parts
from .postponements import Postponements
from .session import MemorySession
from .store import Store
from .ticks import Ticks
from .transitions import Transitions


class MemoryBroker(Broker):
    """Keeps jobs in this process; they end with it.

    Args:
        lease: seconds after which a silent worker loses its jobs.
        max_queued: how many jobs may wait, in all queues together.
        full_timeout: seconds that `push` waits for room before it raises.
        now: the clock, in Unix milliseconds.
    """

    persistent = False
    place = "the memory of this process"

    def __init__(
        self,
        *,
        lease: float = 20.0,
        max_queued: int = 10_000,
        full_timeout: float = 5.0,
        now: Callable[[], int] = now_ms,
    ) -> None:
        self.lease = lease
        self.max_queued = max_queued
        self.full_timeout = full_timeout
        self._now = now
        self._lock = lock = Lock()
        self._room = lock.condition()
        self._store = store = Store()
        self._markers = markers = Markers(lock)
        self._ticks = Ticks(now)
        leases = Leases(round(lease * 1000), store, markers)
        make_room = self._room.notify_all
        cancellations = Cancellations(store, make_room)
        postponements = Postponements(store)
        self.inspection: MemoryInspection = MemoryInspection(
            store, leases.workers, lock, now, markers, make_room, cancellations, postponements
        )
        self._parts = Parts(
            lock=lock,
            now=now,
            markers=markers,
            store=store,
            leases=leases,
            transitions=Transitions(store, markers, postponements, make_room),
            cancellations=cancellations,
            inspection=self.inspection,
        )

        self.doctor = MemoryDoctor(lock, store, leases, self._ticks, markers, now)

    def session(self, worker_id: str) -> MemorySession:
        return MemorySession(worker_id, self._parts)

    def push(self, jobs: Sequence[Job]) -> None:
        if not self._pushed(jobs, 0):
            self._push_patiently(jobs)

    def _pushed(self, jobs: Sequence[Job], seconds: float) -> bool:
        """Store jobs if there is room for all of them within so many seconds."""
        with self._lock:
            count = self._count_new(jobs)
            has_room = partial(self._has_room, count)
            if fits := has_room() or self._room.wait_for(has_room, capped(seconds)):
                self._add(jobs)
            return fits

    def _push_patiently(self, jobs: Sequence[Job]) -> None:
        # In several waits, between which a time limit may interrupt the caller.
        count = self._count_new(jobs)
        patience = self.full_timeout if count <= self.max_queued else 0
        if not wait_out(partial(self._pushed, jobs), patience):
            raise QueueFull(
                f"{self._store.waiting} jobs are waiting in this process, of at most"
                f" {self.max_queued}, and {patience:g} s brought no room for {count} more. Raise"
                " the options max_queued or full_timeout of the ThreadPoolBackend, or set"
                " JOB_BACKEND=redis."
            )

    def _count_new(self, jobs: Sequence[Job]) -> int:
        known = self._store.entries
        return sum(job.id not in known for job in jobs)

    def _has_room(self, count: int) -> bool:
        return self._store.waiting + count <= self.max_queued

    def _add(self, jobs: Sequence[Job]) -> None:
        now = self._now()
        for job in jobs:
            if job.id not in self._store.entries:
                self._store.add(job, now)
        for queue in {job.queue for job in jobs}:
            self._store.queues.setdefault(queue, [])
            self._markers.add(queue)

    # --- time --------------------------------------------------------------------------------

    def now(self) -> int:
        return self._now()

    def ticks(self) -> Mapping[str, int]:
        with self._lock:
            return self._ticks.latest()

    def claim_ticks(self, ticks: Sequence[Tick]) -> tuple[bool, ...]:
        with self._lock:
            return tuple(self._claim_tick(tick) for tick in ticks)

    def _claim_tick(self, tick: Tick) -> bool:
        if not self._ticks.claim(tick):
            return False
        if tick.job is not None and tick.name not in self.inspection.off:
            self.inspection.runs[tick.name] = tick.job.id
            self._add([tick.job])
        return True

    def config_warnings(self) -> tuple[Problem, ...]:
        return ()

    def store_info(self) -> StoreInfo:
        return StoreInfo(name="memory", persistence="none")

    def close(self) -> None:
        """Nothing to release."""
