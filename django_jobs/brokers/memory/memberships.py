"""The batches in memory, and the counts of their members."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from django_jobs.brokers.constants import BATCH_HELD_MS, BATCH_KEPT_MS, BATCHES_KEPT, DEAD_KEPT_MS
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchCounts, BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, State

from .edges import Edges, Event
from .nodes import Nodes
from .stored_job import StoredJob


@dataclass(slots=True)
class StoredBatch:
    """A batch with its changing parts.

    Attributes:
        held_until: when the block that adds members is taken for vanished; None if it is closed.
        dead: when the dead members died, by their ids.
    """

    new: NewBatch
    opened_at: int
    held_until: int | None
    ended_at: int | None = None
    forgotten_at: int | None = None
    total: int = 0
    open: int = 0
    missed: int = 0
    counts: dict[State, int] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    happened: set[BatchEvent] = field(default_factory=set)
    is_cancelled: bool = False
    is_abandoned: bool = False

    def count(self, state: State, by: int) -> None:
        self.counts[state] = self.counts.get(state, 0) + by

    def deaths(self) -> list[tuple[int, str]]:
        """Return when which members died, in order."""
        return sorted((died_at, job_id) for job_id, died_at in self.dead.items())

    def record(self) -> BatchRecord:
        return BatchRecord(
            id=self.new.id,
            name=self.new.name,
            metadata=self.new.metadata,
            opened_at=self.opened_at,
            ended_at=self.ended_at,
            counts=BatchCounts(
                total=self.total,
                open=self.open,
                succeeded=self.counts.get(State.SUCCEEDED, 0),
                dead=self.counts.get(State.DEAD, 0),
                discarded=self.counts.get(State.DISCARDED, 0),
            ),
            missed=self.missed,
            is_workflow=self.new.is_workflow,
            is_open=self.held_until is not None,
            is_cancelled=self.is_cancelled,
            is_abandoned=self.is_abandoned,
            callbacks={event: job.id for event, job in self.new.callbacks.items()},
            happened=frozenset(self.happened),
        )


class Memberships:
    """Counts what becomes of members. The caller holds the broker's lock.

    Args:
        edges: to the callbacks.
        nodes: those of workflows.
    """

    def __init__(self, edges: Edges, nodes: Nodes) -> None:
        self.batches: dict[str, StoredBatch] = {}
        self._held: dict[str, StoredBatch] = {}
        self._changed: dict[str, StoredBatch] = {}  # those whose counts have changed, in order
        # By whether they are workflows: those that ended, by when they are forgotten.
        self._expiries: dict[bool, list[tuple[int, str]]] = {False: [], True: []}
        self._edges = edges
        self._nodes = nodes

    # --- batches -----------------------------------------------------------------------------

    def open(self, new: NewBatch, now: int) -> None:
        batch = StoredBatch(new, now, now + BATCH_HELD_MS)
        self.batches[new.id] = self._held[new.id] = batch
        for event, job in new.callbacks.items():
            self._edges.add(job, new.id, event)

    def close(self, batch: StoredBatch, now: int) -> None:
        if batch.new.is_workflow and batch.held_until is not None:
            self._edges.note(Event.SEAL, batch.new.id)
        batch.held_until = None
        self._held.pop(batch.new.id, None)
        self._look(batch, now)

    def can_retry(self, entry: StoredJob) -> bool:
        """Return whether a batch that is kept can still retry a dead job."""
        return entry.state is State.DEAD and entry.job.batch in self.batches

    def is_cancelled(self, batch_id: str) -> bool:
        batch = self.batches.get(batch_id) if batch_id else None
        return batch is not None and batch.is_cancelled

    def sweep(self, now: int) -> None:
        """Close the batches whose block has vanished; forget those that ended long ago."""
        self.look_at_changed(now)
        for _, batch_id in sorted(self._vanished(now)):
            batch = self._held[batch_id]
            if batch.new.is_workflow:
                self.forget(batch)
                continue
            batch.is_abandoned = True
            self.close(batch, now)
        for expiries in self._expiries.values():
            while expiries and expiries[0][0] <= now:
                self._forget_first(expiries)

    def _vanished(self, now: int) -> Iterator[tuple[int, str]]:
        """Yield since when the block of a batch has been silent for too long, and which one."""
        for batch_id, batch in self._held.items():
            if batch.held_until is not None and batch.held_until <= now:
                yield batch.held_until, batch_id

    def _forget_first(self, expiries: list[tuple[int, str]]) -> None:
        """Forget the ended batch whose time is over first, unless it goes on after all."""
        forgotten_at, batch_id = heapq.heappop(expiries)
        batch = self.batches.get(batch_id)
        if batch is not None and batch.forgotten_at == forgotten_at:
            self.forget(batch)

    def forget(self, batch: StoredBatch) -> None:
        """Forget a batch with the callbacks that still wait, or a workflow with its nodes."""
        del self.batches[batch.new.id]
        self._held.pop(batch.new.id, None)
        for event in BatchEvent:
            self._edges.drop(event, batch.new.id)
        if batch.new.is_workflow:
            self._edges.note(Event.GONE, batch.new.id)

    # --- nodes -----------------------------------------------------------------------------------

    def takes_nodes(self, workflow: str) -> bool:
        """Return whether a workflow is there, and not sealed."""
        batch = self.batches.get(workflow)
        return batch is not None and batch.new.is_workflow and batch.held_until is not None

    def is_node(self, job: Job) -> bool:
        """Return whether a job is a node of a workflow that is kept."""
        batch = self.batches.get(job.batch) if job.batch else None
        return batch is not None and batch.new.is_workflow

    # --- members -------------------------------------------------------------------------------

    def can_add(self, membership: Membership, adder: StoredJob | None) -> bool:
        """Return whether a batch takes members from the block that opened it, or from a member.

        Args:
            adder: the member that adds them, if it is known.
        """
        batch = self.batches.get(membership.batch)
        if batch is None or batch.is_cancelled or batch.new.is_workflow:
            return False
        if not membership.adder:
            return batch.held_until is not None
        return _runs(adder, membership)

    def can_grow(self, membership: Membership, adder: StoredJob | None) -> bool:
        """Return whether a workflow takes nodes from one that runs."""
        batch = self.batches.get(membership.batch)
        if batch is None or batch.is_cancelled or not batch.new.is_workflow:
            return False
        return _runs(adder, membership)

    def hold(self, batch_id: str, now: int) -> None:
        """Note that the block of a batch still adds jobs."""
        self.batches[batch_id].held_until = now + BATCH_HELD_MS

    def added(self, batch_id: str, number: int) -> None:
        batch = self.batches[batch_id]
        batch.total += number
        batch.open += number

    def ended(self, entry: StoredJob, state: State, now: int, *, by_own_wish: bool) -> None:
        """Count a member that goes to a final state."""
        batch = self.batches.get(entry.job.batch)
        if batch is None:
            return
        batch.open -= 1
        batch.count(state, 1)
        if state is State.DEAD:
            batch.dead[entry.job.id] = now
        entry.missed = state is State.DISCARDED and not by_own_wish
        batch.missed += entry.missed
        if batch.new.is_workflow:
            added = self._nodes.ended(entry, state)
            batch.total += added
            batch.open += added
        self._changed[batch.new.id] = batch

    def deleted(self, entry: StoredJob, now: int) -> None:
        """Count a member that is forgotten by an operator."""
        if not entry.state.is_final:
            self.ended(entry, State.DISCARDED, now, by_own_wish=False)
        elif batch := self.batches.get(entry.job.batch):
            batch.dead.pop(entry.job.id, None)
        if self.is_node(entry.job):
            self._nodes.deleted(entry.job.id)

    def came_back(self, entry: StoredJob) -> None:
        """Count an ended member that is retried."""
        batch = self.batches.get(entry.job.batch)
        if batch is None:
            return
        batch.open += 1
        batch.count(entry.state, -1)
        batch.dead.pop(entry.job.id, None)
        batch.missed -= entry.missed
        entry.missed = entry.is_upstream = False
        if batch.new.is_workflow:
            self._nodes.came_back(entry)
        self._changed[batch.new.id] = batch

    def correct(self, batch: StoredBatch, number: int) -> None:
        """Set the number of open members; what is missing counts as discarded."""
        missing = max(0, batch.open - number)
        batch.count(State.DISCARDED, missing)
        batch.missed += missing
        batch.open = number
        self._changed[batch.new.id] = batch

    # --- events --------------------------------------------------------------------------------

    def look_at_changed(self, now: int) -> None:
        """Note what has happened to the batches whose counts have changed, once for each."""
        for batch in self._changed.values():
            if batch.new.id in self.batches:
                self._look(batch, now)
        self._changed.clear()

    def _look(self, batch: StoredBatch, now: int) -> None:
        """Note what has happened to a batch after a change of its counts."""
        is_over = batch.held_until is None and not batch.open
        if not is_over:
            batch.ended_at = batch.forgotten_at = None
        elif batch.ended_at is None:
            batch.ended_at = now
            kept = DEAD_KEPT_MS if batch.counts.get(State.DEAD) else BATCH_KEPT_MS
            batch.forgotten_at = now + kept
            expiries = self._expiries[batch.new.is_workflow]
            heapq.heappush(expiries, (batch.forgotten_at, batch.new.id))
            if len(expiries) > BATCHES_KEPT:
                self._forget_first(expiries)
        for event in self._events(batch, is_over=is_over):
            if event not in batch.happened:
                self._happens(batch, event)
        if BatchEvent.SUCCESS in batch.happened and BatchEvent.DEATH not in batch.happened:
            self._edges.drop(BatchEvent.DEATH, batch.new.id)
        if batch.is_cancelled or batch.is_abandoned:
            self._edges.drop(BatchEvent.SUCCESS, batch.new.id)

    def _happens(self, batch: StoredBatch, event: BatchEvent) -> None:
        batch.happened.add(event)
        self._edges.note(event, batch.new.id)
        if event is BatchEvent.SUCCESS and batch.new.is_workflow:
            self._edges.note(Event.OVER, batch.new.id)

    def _events(self, batch: StoredBatch, *, is_over: bool) -> Iterator[BatchEvent]:
        if batch.counts.get(State.DEAD) or batch.is_abandoned:
            yield BatchEvent.DEATH
        if is_over and batch.record().is_complete:
            yield BatchEvent.SUCCESS
        if is_over:
            yield BatchEvent.END


def _runs(adder: StoredJob | None, membership: Membership) -> bool:
    """Return whether a member runs under the claim with which it adds others."""
    return (
        adder is not None
        and adder.job.batch == membership.batch
        and adder.state is State.RUNNING
        and adder.token == membership.token
    )
