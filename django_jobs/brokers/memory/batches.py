"""The batches of the broker in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import islice

from django_jobs.brokers.batches import PORTION, Batches, BatchPlace, RetriedSome
from django_jobs.jobs.batches import BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, State
from django_jobs.jobs.workflows import Neighbours, NewNode, NodeRecord

from .lock import Lock
from .memberships import StoredBatch
from .store import Store


class MemoryBatches(Batches):
    """Looks at a `Store` under its owner's lock.

    Args:
        push: stores jobs of one batch, patiently, if the batch takes them.
        add_nodes: stores nodes of one workflow, patiently, unless it is sealed.
        grow: stores nodes that a running one adds, patiently.
        retry: queues an ended job again.
    """

    def __init__(
        self,
        store: Store,
        lock: Lock,
        now: Callable[[], int],
        push: Callable[[Sequence[Job], Membership | None], list[str]],
        add_nodes: Callable[[str, Sequence[NewNode]], None],
        grow: Callable[[Sequence[NewNode], Membership], None],
        retry: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._memberships = store.memberships
        self._lock = lock
        self._now = now
        self._push = push
        self._add_nodes = add_nodes
        self._grow = grow
        self._retry = retry

    def open(self, batch: NewBatch) -> None:
        with self._lock:
            if batch.id not in self._memberships.batches:
                self._memberships.open(batch, self._now())

    def add(self, jobs: Sequence[Job], membership: Membership) -> list[str]:
        return self._push(jobs, membership)

    def add_nodes(self, workflow_id: str, nodes: Sequence[NewNode]) -> None:
        self._add_nodes(workflow_id, nodes)

    def grow(self, nodes: Sequence[NewNode], membership: Membership) -> None:
        self._grow(nodes, membership)

    def nodes(
        self, workflow_id: str, *, offset: int = 0, limit: int = 50
    ) -> tuple[NodeRecord, ...]:
        with self._lock:
            return self._store.nodes.read(workflow_id, offset, offset + limit)

    def neighbours(self, job_id: str, limit: int) -> Neighbours:
        with self._lock:
            return self._store.nodes.neighbours(job_id, limit)

    def some_results(self, ids: Sequence[str]) -> Sequence[str | None]:
        with self._lock:
            found = [self._store.entries.get(job_id) for job_id in ids]
            return [one.result if one else None for one in found]

    def close(self, batch_id: str) -> bool:
        with self._lock:
            batch = self._memberships.batches.get(batch_id)
            if batch is None or batch.held_until is None:
                return False
            self._memberships.close(batch, self._now())
            self._store.nodes.follow(self._now())
            return True

    def cancel(self, batch_id: str) -> bool:
        with self._lock:
            batch = self._memberships.batches.get(batch_id)
            if batch is None or batch.is_cancelled or batch.ended_at is not None:
                return False
            if self._memberships.takes_nodes(batch_id):
                self._memberships.forget(batch)
            else:
                batch.is_cancelled = True
                self._memberships.close(batch, self._now())
            self._store.nodes.follow(self._now())
            return True

    def find(self, batch_id: str) -> BatchRecord | None:
        with self._lock:
            batch = self._memberships.batches.get(batch_id)
            return batch.record() if batch else None

    def list(
        self, *, workflows: bool = False, after: BatchPlace | None = None, limit: int = 50
    ) -> tuple[BatchRecord, ...]:
        with self._lock:
            every = self._of_kind(workflows=workflows)
            behind = [one for one in every if after is None or _place(one) < after]
            page = heapq.nlargest(limit, behind, key=_place)
            return tuple(one.record() for one in page)

    def position(self, place: BatchPlace, *, workflows: bool = False) -> int:
        with self._lock:
            every = self._of_kind(workflows=workflows)
            return sum(_place(one) >= place for one in every)

    def count(self, *, workflows: bool = False) -> int:
        with self._lock:
            return len(self._of_kind(workflows=workflows))

    def _of_kind(self, *, workflows: bool) -> Sequence[StoredBatch]:
        every = self._memberships.batches.values()
        return [one for one in every if one.new.is_workflow == workflows]

    def count_unfinished(self, *, workflows: bool = False) -> int:
        with self._lock:
            return sum(one.ended_at is None for one in self._of_kind(workflows=workflows))

    def dead_members(self, batch_id: str, limit: int) -> tuple[str, ...]:
        with self._lock:
            batch = self._memberships.batches.get(batch_id)
            known = (one for one in batch.dead if self._is_dead(one)) if batch else ()
            return tuple(islice(known, limit))

    def _is_dead(self, job_id: str) -> bool:
        entry = self._store.entries.get(job_id)
        return entry is not None and entry.state is State.DEAD

    def retry_some(self, batch_id: str, skip: int, died_by: int | None) -> RetriedSome:
        with self._lock:
            died_by = self._now() if died_by is None else died_by
            batch = self._memberships.batches.get(batch_id)
            dead = batch.dead.items() if batch else ()
            known = [*islice(dead, skip, skip + PORTION)]
            done = [self._retry_member(batch_id, one) for one, at in known if at <= died_by]
            retried, kept, gone = map(done.count, ("retried", "kept", "gone"))
            return RetriedSome(retried, kept, gone, died_by)

    def _retry_member(self, batch_id: str, job_id: str) -> str:
        if not self._is_dead(job_id):
            self._memberships.batches[batch_id].dead.pop(job_id, None)
            return "gone"
        return "retried" if self._retry(job_id) else "kept"


def _place(batch: StoredBatch) -> BatchPlace:
    return BatchPlace(batch.opened_at, batch.new.id)
