"""The batches of the broker in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import islice

from django_jobs.brokers.batches import PORTION, Batches, BatchPlace, RetriedSome
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.jobs.batches import BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, State
from django_jobs.jobs.workflows import Neighbours, NewNode, NodeRecord

from .job_actions import JobActions
from .lock import Lock
from .memberships import StoredBatch
from .store import Store
from .stored_job import StoredJob


class MemoryBatches(Batches):
    """Looks at a `Store` under its owner's lock.

    Args:
        push: stores jobs of one batch, patiently, if the batch takes them.
        add_nodes: stores nodes of one workflow, patiently, unless it is sealed.
        grow: stores nodes that a running one adds, patiently.
        actions: retries dead members.
    """

    def __init__(
        self,
        store: Store,
        lock: Lock,
        now: Callable[[], int],
        push: Callable[[Sequence[Job], Membership | None], list[str]],
        add_nodes: Callable[[str, Sequence[NewNode]], None],
        grow: Callable[[Sequence[NewNode], Membership], None],
        actions: JobActions,
    ) -> None:
        self._store = store
        self._memberships = store.memberships
        self._lock = lock
        self._now = now
        self._push = push
        self._add_nodes = add_nodes
        self._grow = grow
        self._actions = actions

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
            deaths = batch.deaths() if batch else ()
            known = (job_id for _, job_id in deaths if self._dead(job_id))
            return tuple(islice(known, limit))

    def _dead(self, job_id: str) -> StoredJob | None:
        entry = self._store.entries.get(job_id)
        return entry if entry and entry.state is State.DEAD else None

    def retry_some(self, batch_id: str, skip: int, died_by: int | None) -> RetriedSome:
        with self._lock:
            now = self._now()
            died_by = now if died_by is None else died_by
            batch = self._memberships.batches.get(batch_id)
            deaths = batch.deaths()[skip : skip + PORTION] if batch else ()
            died = [job_id for at, job_id in deaths if at <= died_by]
            dead = [entry for job_id in died if (entry := self._dead(job_id))]
            for job_id in {*died}.difference(entry.job.id for entry in dead):
                self._memberships.batches[batch_id].dead.pop(job_id)
            retried, kept = self._actions.apply(JobAction.RETRY, dead, now)
            return RetriedSome(retried, kept, len(died) - retried - kept, died_by)


def _place(batch: StoredBatch) -> BatchPlace:
    return BatchPlace(batch.opened_at, batch.new.id)
