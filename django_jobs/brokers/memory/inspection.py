"""The read side of the broker in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from django_jobs.brokers.constants import LINED_UP, MANY_QUEUES, MOVABLE
from django_jobs.brokers.inspection.base import (
    Applied,
    FairKey,
    Inspection,
    JobAction,
    QueueInfo,
    Totals,
    longest_lines,
)
from django_jobs.brokers.inspection.filters import Candidate, Cursor, Filter, ScanReply
from django_jobs.brokers.messages import WorkerCommand, WorkerInfo
from django_jobs.jobs.records import JobRecord, State

from . import scanning
from .job_actions import JobActions
from .limits import MemoryLimits
from .lock import Lock
from .markers import Markers
from .metrics import MemoryMetrics
from .postponements import Postponements
from .store import Store
from .stored_job import Place, StoredJob
from .worker_state import WorkerState


class MemoryInspection(Inspection):
    """Looks at a `Store` under its owner's lock."""

    def __init__(
        self,
        store: Store,
        workers: dict[str, WorkerState],
        lock: Lock,
        now: Callable[[], int],
        markers: Markers,
        make_room: Callable[[], None],
        actions: JobActions,
        postponements: Postponements,
    ) -> None:
        self.metrics: MemoryMetrics = MemoryMetrics(lock, now)
        self.limits = MemoryLimits(store, lock, now)
        self.off: dict[str, int] = {}
        self.runs: dict[str, str] = {}
        self._store = store
        self._workers = workers
        self._lock = lock
        self._now = now
        self._markers = markers
        self._make_room = make_room
        self._actions = actions
        self._postponements = postponements
        self._totals = Totals(succeeded=0, failed=0)
        self._mover = ("", 0)

    def add_totals(self, succeeded: int, failed: int) -> None:
        self._totals = Totals(
            succeeded=self._totals.succeeded + succeeded, failed=self._totals.failed + failed
        )

    def find(self, job_id: str) -> JobRecord | None:
        with self._lock:
            now, entries = self._now(), self._store.entries
            self._store.sweep(now)
            other = self._store.locks.merged_with(job_id, now) or ""
            entry = entries.get(job_id) or entries.get(other)
            return self._record(entry) if entry else None

    def _record(self, entry: StoredJob) -> JobRecord:
        lock = entry.job.lock
        return entry.record(lock and self._store.locks.noted_holder(lock.digest, self._now()))

    def read(self, ids: Sequence[str]) -> tuple[JobRecord, ...]:
        records = [record for job_id in ids if (record := self.find(job_id))]
        return tuple(replace(record, failures=record.failures[-1:]) for record in records)

    def read_whole(self, ids: Sequence[str]) -> tuple[JobRecord, ...]:
        return tuple(record for job_id in ids if (record := self.find(job_id)))

    def counts(self) -> Mapping[State, int]:
        with self._lock:
            self._store.sweep(self._now())
            return {state: len(members) for state, members in self._store.members.items()}

    def totals(self) -> Totals:
        return self._totals

    def queues(self) -> tuple[QueueInfo, ...]:
        with self._lock:
            names = sorted(self._markers.paused | self._store.queues.keys())
            return tuple(self._queue(name) for name in names)

    def queue_names(self) -> tuple[str, ...]:
        with self._lock:
            known = self._store.queues.keys()
            idle = self._store.idle if len(known) > MANY_QUEUES else set()
            return tuple(sorted(self._markers.paused | (known - idle)))

    def _queue(self, name: str) -> QueueInfo:
        first = self._store.first(name)
        waiting_since = first.queued_at if first else self._now()
        return QueueInfo(
            name=name,
            size=self._store.sizes[name],
            latency=max(0, self._now() - waiting_since),
            paused=name in self._markers.paused,
            has_turns=self._store.turns.has(name),
            waiting=self._store.waiters.count_in(name),
        )

    def fair_keys(self, queue: str) -> tuple[FairKey, ...]:
        with self._lock:
            bands = self._store.turns.bands(queue)
            return longest_lines(key for band in bands for key in band.lines())

    def jobs(
        self, state: State, *, queue: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[JobRecord, ...]:
        with self._lock:
            self._store.sweep(self._now())
            members = self._store.members[state].values()
            chosen = [entry for entry in members if queue in (None, entry.job.queue)]
            ordered = self._ordered(state, chosen, offset + limit)
            return tuple(self._record(entry) for entry in islice(ordered, offset, offset + limit))

    def _ordered(self, state: State, entries: list[StoredJob], count: int) -> Iterable[StoredJob]:
        if state in LINED_UP:
            return heapq.nsmallest(count, entries, key=_order)
        if state.is_waiting:
            return heapq.nsmallest(count, entries, key=lambda one: (one.due_at or 0, one.job.id))
        return reversed(entries)

    def scan(self, wanted: Filter, after: Cursor | None, most: int) -> ScanReply:
        with self._lock:
            self._store.sweep(self._now())
            return scanning.scan(self._store, wanted, after, most, self._now())

    def apply(self, action: JobAction, jobs: Sequence[Candidate]) -> Applied:
        with self._lock:
            as_seen = (entry for job in jobs if (entry := self._as_seen(job)))
            return self._actions.apply(action, as_seen, self._now())

    def _as_seen(self, job: Candidate) -> StoredJob | None:
        entry = self._store.entries.get(job.id)
        is_as_seen = entry and (entry.state, str(entry.token or "")) == (job.state, job.token)
        return entry if is_as_seen else None

    def apply_one(self, action: JobAction, job_id: str) -> bool:
        with self._lock:
            entry = self._store.entries.get(job_id)
            return bool(self._actions.apply(action, [entry] if entry else [], self._now()).changed)

    def workers(self) -> tuple[WorkerInfo, ...]:
        with self._lock:
            now = self._now()
            known = [one.info for one in self._workers.values() if one.lease_until > now]
            return tuple(sorted(known, key=lambda info: info.id))

    def postponed_tasks(self) -> Mapping[str, int]:
        with self._lock:
            return self._postponements.tasks(self._now())

    def last_runs(self) -> Mapping[str, str]:
        with self._lock:
            return dict(self.runs)

    def switched_off(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self.off)

    def switch_off(self, name: str) -> None:
        with self._lock:
            self.off.setdefault(name, self._now())

    def switch_on(self, name: str) -> None:
        with self._lock:
            self.off.pop(name, None)

    def move(
        self, ids: Sequence[str], source: str, target: str, *, held: bool = False
    ) -> tuple[str, ...]:
        with self._lock:
            if held:
                self._hold(target)
            found = [entry for one in ids if (entry := self._store.entries.get(one))]
            moved = [
                one
                for one in found
                if one.job.queue == source and one.state in MOVABLE and not one.open_edges
            ]
            for entry in moved:
                self._store.change_queue(entry, target)
            if any(entry.state in LINED_UP for entry in moved):
                self._markers.add(target)
            return tuple(entry.job.id for entry in moved)

    def adopt(self, records: Sequence[JobRecord], queue: str) -> None:
        with self._lock:
            self._hold(queue)
            for record in records:
                self._adopt(record, queue, self._now())

    def _adopt(self, record: JobRecord, queue: str, now: int) -> None:
        is_left_out = record.is_bound or record.job.id in self._store.entries
        if not is_left_out and self._store.take_lock(record.job, now):
            self._store.adopt(StoredJob.of(record, queue), now)

    def _hold(self, queue: str) -> None:
        self._markers.paused.add(queue)
        self._markers.discard(queue)

    def hold_moves(self, owner: str, milliseconds: int) -> bool:
        with self._lock:
            holder, until = self._mover
            if holder != owner and until > self._now():
                return False
            self._mover = (owner, self._now() + milliseconds)
            return True

    def clear(self, queue: str) -> int:
        with self._lock:
            count = 0
            while entry := self._store.waiters.any_of(queue) or self._store.pop(queue):
                self._store.delete(entry, self._now())
                count += 1
            self._store.nodes.follow(self._now())
            self._make_room()
            return count

    def pause(self, queue: str) -> None:
        with self._lock:
            self._hold(queue)

    def resume(self, queue: str) -> None:
        with self._lock:
            self._markers.paused.discard(queue)
            if self._store.has_ready(queue, self._now()):
                self._markers.add(queue)

    def command_worker(self, worker_id: str, command: WorkerCommand) -> bool:
        with self._lock:
            worker = self._workers.get(worker_id)
            if worker is None:
                return False
            worker.command = command
            return True


def _order(entry: StoredJob) -> tuple[str, Place, str]:
    """Return by what jobs with a place are sorted; turns of different keys may be equal."""
    return entry.job.queue, entry.place, entry.job.id
