"""The nodes in memory that running nodes add to their workflow, and when they count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from django_jobs.jobs.awaited import AwaitedAttempt
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.workflows import NewNode

from .edges import Edges, Event
from .stored_job import StoredJob


class Whole(Enum):
    """What became of a node together with all that it has added."""

    OPEN = auto()
    SUCCEEDED = auto()
    FAILED = auto()


class Change(NamedTuple):
    """How one added node changes the counts of the node that added it."""

    open: int
    failed: int


CHANGES = {
    Event.ADDED_SUCCESS: Change(-1, 0),
    Event.ADDED_FAILURE: Change(-1, 1),
    Event.ADDED_BACK: Change(1, -1),
}


class Additions:
    """Keeps what attempts add until they end. The caller holds the broker's lock.

    Args:
        edges: where events are noted.
        hold_back: stores a job that waits for others.
        remove: forgets a job.
    """

    def __init__(
        self,
        edges: Edges,
        hold_back: Callable[[StoredJob], None],
        remove: Callable[[StoredJob], None],
    ) -> None:
        self._edges = edges
        self._hold_back = hold_back
        self._remove = remove
        self.of_attempt: dict[str, list[str]] = {}
        self._kept: set[str] = set()  # attempts whose nodes are to join the workflow

    # --- until the attempt ends --------------------------------------------------------------

    def add(self, adder: StoredJob, membership: Membership, nodes: Sequence[NewNode]) -> None:
        """Store nodes that wait for the end of the attempt, and for each other."""
        if adder.added_by not in {0, membership.token}:
            self._drop(adder)
        adder.added_by = membership.token
        listed = self.of_attempt.setdefault(_attempt(adder), [])
        for node in nodes:
            self._hold_back(_pending(node, adder.job.id))
            listed.append(node.job.id)
            self._edges.lead_to(node)

    def expected(self) -> set[str]:
        """Return the ids of all nodes that wait for the end of an attempt."""
        return {job_id for added in self.of_attempt.values() for job_id in added}

    def _drop(self, adder: StoredJob) -> None:
        """Let what an attempt has added be forgotten."""
        self._edges.note(Event.ADDED, _attempt(adder))
        adder.added_by = 0

    def end(self, adder: StoredJob, *, succeeded: bool) -> int:
        """End the attempts of a node; return how many nodes it has added to the workflow."""
        if not adder.added_by:
            return 0
        attempt, added = _attempt(adder), 0
        if succeeded and adder.added_by == adder.token:
            self._kept.add(attempt)
            added = len(self.of_attempt[attempt])
        self._drop(adder)
        adder.open_added = added
        return added

    # --- afterwards --------------------------------------------------------------------------

    def settle(self, entry: StoredJob, attempt: str, workflow: str) -> bool:
        """Let a node join the workflow, or forget it; return whether it has joined."""
        if attempt in self._kept:
            entry.job = entry.job._replace(batch=workflow)
            entry.waits_for = None
            return True
        self._remove(entry)
        return False

    def close(self, attempt: str) -> None:
        """Forget the list of an attempt whose nodes have all joined, or are all forgotten."""
        self.of_attempt.pop(attempt, None)
        self._kept.discard(attempt)

    def change(self, adder: StoredJob, by: Change) -> tuple[Whole, Whole]:
        """Count what happened to an added node; return what the node was before, and is now."""
        before = _whole(adder)
        adder.open_added += by.open
        adder.failed_added += by.failed
        return before, _whole(adder)


def adder_of(attempt: str) -> str:
    """Return the id of the node whose attempt it is."""
    return attempt.rpartition(":")[0]


def _attempt(adder: StoredJob) -> str:
    return f"{adder.job.id}:{adder.added_by}"


def _pending(node: NewNode, adder: str) -> StoredJob:
    """Return a node that is in no workflow yet."""
    return StoredJob(
        node.job._replace(batch=""),
        open_edges=1 + len(node.edges),
        needs=node.edges,
        adder=adder,
        waits_for=AwaitedAttempt(adder),
    )


def _whole(adder: StoredJob) -> Whole:
    if adder.open_added:
        return Whole.OPEN
    return Whole.FAILED if adder.failed_added else Whole.SUCCEEDED
