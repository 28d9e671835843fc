"""The broker in memory: the default of every site, and the model that Redis is tested against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.clock import now_ms
from django_jobs.errors import QueueFull
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.ticks import Tick
from django_jobs.jobs.workflows import NewNode
from django_jobs.waits import capped, wait_out

from .batches import MemoryBatches
from .cancellations import Cancellations
from .doctor import MemoryDoctor
from .inspection import MemoryInspection
from .job_actions import JobActions
from .leases import Leases
from .lock import Lock
from .markers import Markers
from .parts import Parts
from .postponements import Postponements
from .session import MemorySession
from .store import Store
from .ticks import Ticks
from .transitions import Transitions
from .unique_jobs import UniqueJobs


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
        self._markers = markers = Markers(lock)
        self._store = store = Store(markers.add)
        self._unique_jobs = UniqueJobs(store)
        self._ticks = Ticks(now)
        leases = Leases(round(lease * 1000), store, markers)
        make_room = self._room.notify_all
        cancellations = Cancellations(store, make_room)
        actions = JobActions(store, markers, cancellations, make_room)
        postponements = Postponements(store)
        self.inspection: MemoryInspection = MemoryInspection(
            store, leases.workers, lock, now, markers, make_room, actions, postponements
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

        self.batches = MemoryBatches(
            store, lock, now, self._push, self._add_nodes, self._grow, actions
        )
        self.doctor = MemoryDoctor(lock, store, leases, self._ticks, markers, now)

    def session(self, worker_id: str) -> MemorySession:
        return MemorySession(worker_id, self._parts)

    def push(self, jobs: Sequence[Job]) -> list[str]:
        return self._push(jobs, None)

    def _push(self, jobs: Sequence[Job], membership: Membership | None) -> list[str]:
        ids: list[str] = []
        if not self._pushed(jobs, membership, ids, 0):
            self._push_patiently(jobs, membership, ids)
        return ids

    def _pushed(
        self, jobs: Sequence[Job], membership: Membership | None, ids: list[str], seconds: float
    ) -> bool:
        """Store jobs, and add their ids, if there is room for all of them within some seconds."""
        with self._lock:
            has_room = partial(self._has_room, jobs)
            if fits := has_room() or self._room.wait_for(has_room, capped(seconds)):
                now = self._now()
                self._store.check_batch(membership, now)
                self._unique_jobs.check(jobs, now)
                ids += self._add(jobs, now)
            return fits

    def _push_patiently(
        self, jobs: Sequence[Job], membership: Membership | None, ids: list[str]
    ) -> None:
        # In several waits, between which a time limit may interrupt the caller.
        self._store_patiently(partial(self._pushed, jobs, membership, ids), self._count_new(jobs))

    def _store_patiently(self, store: Callable[[float], bool], count: int) -> None:
        """Store so many jobs as soon as there is room.

        Args:
            store: does it if there is room for all of them within some seconds, and returns that.
        """
        patience = self.full_timeout if count <= self.max_queued else 0
        if not wait_out(store, patience):
            raise QueueFull(
                f"{self._store.waiting} jobs are waiting in this process, of at most"
                f" {self.max_queued}, and {patience:g} s brought no room for {count} more. Raise"
                " the options max_queued or full_timeout of the ThreadPoolBackend, or set"
                " JOB_BACKEND=redis."
            )

    def _add_nodes(self, workflow: str, nodes: Sequence[NewNode]) -> None:
        def store(new: Sequence[NewNode]) -> None:
            self._store.add_nodes(workflow, new, self._now())

        self._store_patiently(partial(self._stored_nodes, store, nodes), len(nodes))

    def _grow(self, nodes: Sequence[NewNode], membership: Membership) -> None:
        def store(new: Sequence[NewNode]) -> None:
            self._store.grow(new, membership)

        self._store_patiently(partial(self._stored_nodes, store, nodes), len(nodes))

    def _stored_nodes(
        self,
        store: Callable[[Sequence[NewNode]], None],
        nodes: Sequence[NewNode],
        seconds: float,
    ) -> bool:
        """Store nodes if there is room for all of them within some seconds; return if there is."""
        with self._lock:
            new = [node for node in nodes if node.job.id not in self._store.entries]
            has_room = partial(self._has_room_for, len(new))
            if fits := has_room() or self._room.wait_for(has_room, capped(seconds)):
                store(new)
            return fits

    def _has_room_for(self, count: int) -> bool:
        return self._store.waiting + count <= self.max_queued

    def _count_new(self, jobs: Sequence[Job]) -> int:
        with self._lock:
            return self._unique_jobs.count_new(jobs, self._now())

    def _has_room(self, jobs: Sequence[Job]) -> bool:
        return self._has_room_for(self._count_new(jobs))

    def _add(self, jobs: Sequence[Job], now: int) -> list[str]:
        """Store jobs; return for each the id of the job that stands for it."""
        ids = [self._add_one(job, now) for job in jobs]
        for queue in {job.queue for job, own in zip(jobs, ids, strict=True) if job.id == own}:
            self._store.queues.setdefault(queue, [])
            self._markers.add(queue)
        return ids

    def _add_one(self, job: Job, now: int) -> str:
        if job.id in self._store.entries:
            return job.id
        if job.lock:
            return self._unique_jobs.push(job, job.lock, now)
        self._store.add(job, now)
        return job.id

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
            (self.inspection.runs[tick.name],) = self._add([tick.job], self._now())
        return True

    def config_warnings(self) -> tuple[Problem, ...]:
        return ()

    def store_info(self) -> StoreInfo:
        return StoreInfo(name="memory", persistence="none")

    def close(self) -> None:
        """Nothing to release."""
