"""The nodes of workflows in memory, and what follows from their ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from django_jobs.brokers.constants import (
    ADDED_FAILED_MESSAGE,
    EDGES_PER_CALL,
    EDGES_READ,
    UPSTREAM_FAILED,
    UPSTREAM_FAILED_MESSAGE,
)
from django_jobs.jobs.records import Failure, State
from django_jobs.jobs.workflows import Edge, EdgeKind, Neighbours, NewNode, NodeRecord

from .additions import CHANGES, Additions, Change, Whole, adder_of
from .edges import Edges, Event
from .stored_job import StoredJob

if TYPE_CHECKING:
    from .store import Store

REMOVES_EDGES = frozenset({Event.SEAL, Event.SUCCESS, Event.END, Event.DEATH})
"""The events after which nothing can happen to their edges any more."""


class Nodes:
    """Notes what happens to nodes, and works off all events. The caller holds the broker's lock.

    Args:
        store: where the jobs are.
        edges: between them.
    """

    def __init__(self, store: Store, edges: Edges) -> None:
        self._store = store
        self._edges = edges
        self.additions = Additions(edges, store.hold_back, store.remove)
        self.of_workflow: dict[str, list[str]] = {}
        self._followed = 0  # how many edges of the first noted event
        self._actions: Mapping[Event, Callable[[StoredJob, str, int], None]] = {
            Event.SUCCESS: self._release,
            Event.END: self._release,
            Event.DEATH: self._release,
            Event.SEAL: self._release,
            Event.FAILURE: self._fail,
            Event.BACK: self._return,
            Event.OVER: self._hand_over,
            Event.GONE: self._forget,
            Event.ADDED: self._settle,
        }

    def add(self, workflow: str, nodes: Sequence[NewNode]) -> None:
        """Store nodes that wait for the workflow to be sealed, and for each other."""
        listed = self.of_workflow.setdefault(workflow, [])
        for node in nodes:
            job_id = node.job.id
            open_edges = max(1, len(node.edges))
            entry = StoredJob(node.job, open_edges=open_edges, needs=node.edges)
            self._store.hold_back(entry)
            listed.append(job_id)
            self._edges.lead_to(node)
            if not node.edges:
                self._edges.waiting[Event.SEAL, workflow].append(job_id)

    # --- what is read ------------------------------------------------------------------------

    def read(self, workflow: str, first: int, end: int) -> tuple[NodeRecord, ...]:
        """Return some nodes of a workflow, in the order in which they were stored."""
        found: list[NodeRecord] = []
        edges = 0
        for job_id in self.of_workflow.get(workflow, [])[first:end]:
            found.append(self._record(job_id))
            edges += len(found[-1].needs)
            if edges >= EDGES_READ:
                break
        return tuple(found)

    def _record(self, job_id: str) -> NodeRecord:
        entry = self._store.entries.get(job_id)
        if entry is None:
            return NodeRecord(job_id, "", None)
        return NodeRecord(job_id, entry.job.task, entry.state, entry.needs[:EDGES_READ])

    def neighbours(self, job_id: str, limit: int) -> Neighbours:
        """Return what a node needs, and what waits for it."""
        entry = self._store.entries.get(job_id)
        needs = entry.needs if entry else ()
        waiting = [
            Edge(kind, one)
            for kind in EdgeKind
            for one in self._edges.waiting.get((kind, job_id), ())
        ]
        return Neighbours(needs[:limit], len(needs), tuple(waiting[:limit]), len(waiting))

    # --- what happens to nodes ---------------------------------------------------------------

    def ended(self, entry: StoredJob, state: State) -> int:
        """Note that a node has ended; return how many nodes it has added to the workflow."""
        succeeded = state is State.SUCCEEDED
        added = self.additions.end(entry, succeeded=succeeded)
        if not added:
            self._is_over(entry, succeeded=succeeded)
        return added

    def _is_over(self, entry: StoredJob, *, succeeded: bool) -> None:
        """Note that a node has ended, and all nodes that it has added."""
        job_id = entry.job.id
        self._note(Event.SUCCESS if succeeded else Event.FAILURE, EdgeKind.SUCCESS, job_id)
        self._note(Event.END, EdgeKind.END, job_id)
        if entry.adder:
            self._edges.note(Event.ADDED_SUCCESS if succeeded else Event.ADDED_FAILURE, entry.adder)

    def deleted(self, job_id: str) -> None:
        """Note that nothing will happen to a node any more."""
        for kind in EdgeKind:
            if self._edges.waiting.get((kind, job_id)):
                self._edges.note(Event.DROP, job_id)
                return

    def came_back(self, entry: StoredJob) -> None:
        """Note that a node that had failed goes on."""
        self._note(Event.BACK, EdgeKind.SUCCESS, entry.job.id)
        if entry.adder:
            self._edges.note(Event.ADDED_BACK, entry.adder)

    def added_changed(self, adder: StoredJob, change: Change) -> None:
        """Note what follows from the end, or from a retry, of a node that another one has added."""
        before, now = self.additions.change(adder, change)
        if before is now:
            return
        if before is Whole.FAILED:
            self.came_back(adder)
        if now is not Whole.OPEN:
            self._is_over(adder, succeeded=now is Whole.SUCCEEDED)

    def _note(self, event: Event, kind: EdgeKind, job_id: str) -> None:
        if self._edges.waiting.get((kind, job_id)):
            self._edges.note(event, job_id)

    # --- what follows ------------------------------------------------------------------------

    def follow(self, now: int) -> None:
        """Note what has happened to batches, and follow some edges of what was noted first."""
        happened, left = self._edges.happened, EDGES_PER_CALL
        self._store.memberships.look_at_changed(now)
        while happened and left > 0:
            while happened and left > 0:
                left -= self._follow_first(left, now)
            self._store.memberships.look_at_changed(now)

    def _follow_first(self, most: int, now: int) -> int:
        """Follow so many edges of the first event; return how many, and 1 for one without any."""
        event, name = self._edges.happened[0]
        edges = self._edges_of(event, name)
        portion = edges[self._followed : self._followed + most]
        for job_id in portion:
            self._follow(event, name, job_id, now)
        self._followed += len(portion)
        if self._followed >= len(edges):
            self._edges.happened.popleft()
            self._followed = 0
            self._close(event, name)
        return max(1, len(portion))

    def _follow(self, event: Event, name: str, job_id: str, now: int) -> None:
        if entry := self._store.entries.get(job_id):
            self._actions[event](entry, name, now)
        if event is Event.GONE:
            self._drop(job_id)

    def _drop(self, job_id: str) -> None:
        for kind in EdgeKind:
            self._edges.waiting.pop((kind, job_id), None)

    def _edges_of(self, event: Event, name: str) -> list[str]:
        if event in (Event.OVER, Event.GONE):
            return self.of_workflow.get(name, [])
        if event is Event.ADDED:
            return self.additions.of_attempt.get(name, [])
        kind = EdgeKind.SUCCESS if event in (Event.FAILURE, Event.BACK) else event
        return self._edges.waiting.get((kind, name), [])

    def _close(self, event: Event, name: str) -> None:
        """End an event whose edges were all followed."""
        if event in CHANGES:
            if adder := self._store.entries.get(name):
                self.added_changed(adder, CHANGES[event])
        elif event is Event.ADDED:
            self.additions.close(name)
        elif event is Event.GONE:
            self.of_workflow.pop(name, None)
            self._edges.waiting.pop((Event.SEAL, name), None)
        elif event is Event.DROP:
            self._drop(name)
        elif event in REMOVES_EDGES:
            self._edges.waiting.pop((event, name), None)

    def _release(self, entry: StoredJob, _: str, now: int) -> None:
        self._edges.release(entry, now)

    def _fail(self, entry: StoredJob, source: str, now: int) -> None:
        entry.failed_edges += 1
        if entry.state is not State.WAITING or not entry.open_edges:
            return
        failed = self._store.entries.get(source)
        has_added = failed is not None and failed.failed_added > 0
        message = ADDED_FAILED_MESSAGE if has_added else UPSTREAM_FAILED_MESSAGE
        entry.add_failure(_upstream_failed(entry, message % source, now))
        entry.finished_at = now
        entry.is_upstream = True
        self._store.end(entry, State.DISCARDED, now)

    def _return(self, entry: StoredJob, _: str, __: int) -> None:
        entry.failed_edges -= 1
        if entry.is_upstream and not entry.failed_edges:
            self.wait_again(entry)

    def wait_again(self, entry: StoredJob) -> None:
        """Let an ended node wait for its open edges."""
        self._store.memberships.came_back(entry)
        open_edges = entry.open_edges
        entry.reset()
        entry.open_edges = open_edges
        self._store.hold_back(entry)

    def _hand_over(self, entry: StoredJob, _: str, now: int) -> None:
        """Let a node of a workflow that succeeded be forgotten in its time."""
        if entry.state.is_final and not entry.expires_from_store:
            self._store.keep_for_its_time(entry, now)

    def _forget(self, entry: StoredJob, workflow: str, _: int) -> None:
        if entry.job.batch == workflow and not entry.expires_from_store:
            self.additions.end(entry, succeeded=False)
            self._store.remove(entry)

    def _settle(self, entry: StoredJob, attempt: str, now: int) -> None:
        """Let an added node join its workflow, or forget it."""
        adder = self._store.entries.get(adder_of(attempt))
        workflow = adder.job.batch if adder else ""
        if not self.additions.settle(entry, attempt, workflow):
            self._drop(entry.job.id)
            return
        self.of_workflow.setdefault(workflow, []).append(entry.job.id)
        self._edges.release(entry, now)


def _upstream_failed(entry: StoredJob, message: str, now: int) -> Failure:
    return Failure(
        exception=UPSTREAM_FAILED,
        message=message,
        traceback="",
        at=now,
        worker="",
        attempt=entry.attempts,
    )
