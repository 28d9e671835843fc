"""The contract of batches and workflows: jobs whose ends a broker counts."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django_jobs.brokers.constants import RESULTS_BYTES
from django_jobs.errors import BatchCancelled, UnusableResult
from django_jobs.jobs.batches import BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.workflows import Neighbours, NewNode, NodeRecord
from django_jobs.serialization.arguments import results_in

PORTION = 100
"""How many dead members one step retries, so that no other call waits long."""


class RetriedSome(NamedTuple):
    """What one step of a retry did.

    Attributes:
        kept: members that stay dead: unique jobs whose locks others hold.
        gone: members that are dead no longer, or not there.
        died_by: until when all that are looked at died, in Unix milliseconds.
    """

    retried: int = 0
    kept: int = 0
    gone: int = 0
    died_by: int = 0


class RetriedDead(NamedTuple):
    """What a retry of the dead members did.

    Attributes:
        kept: members that stay dead: unique jobs whose locks others hold.
        is_done: whether all were looked at that had died when it began.
    """

    retried: int
    kept: int
    is_done: bool


class BatchPlace(NamedTuple):
    """A place in the list of batches or workflows, which newer ones do not move.

    Attributes:
        opened_at: Unix milliseconds.
    """

    opened_at: int
    id: str

    @classmethod
    def of(cls, batch: BatchRecord) -> BatchPlace:
        return cls(batch.opened_at, batch.id)


class Batches(ABC):
    """Keeps batches, and the workflows among them. Every method is atomic.

    A workflow is a batch whose members wait for each other.
    `docs/explanation/relations.md` says what counts as the end of a member, and what happens then.
    """

    @abstractmethod
    def open(self, batch: NewBatch) -> None:
        """Store a batch to which its caller adds members until it closes it.

        Its callbacks are stored as waiting jobs. A batch whose id is known is left as it is. A
        workflow starts when it is closed; if that does not happen, it is forgotten.

        Raises:
            BrokerError: nothing was stored, as far as can be known.
        """

    @abstractmethod
    def add(self, jobs: Sequence[Job], membership: Membership) -> list[str]:
        """Store jobs as `push` does, as members of one batch.

        Args:
            jobs: all of the batch that the membership names.
            membership: who adds them.

        Returns:
            For each the id of the job that stands for it. A unique job that is merged with another
            one is no member.

        Raises:
            BatchEnded: the batch has been closed, has ended or is unknown, or the adder does not
                run. Nothing was stored, or only earlier portions were.
            QueueFull, BrokerError: as of `push`.
        """

    @abstractmethod
    def add_nodes(self, workflow_id: str, nodes: Sequence[NewNode]) -> None:
        """Store nodes of a workflow that is open.

        A remote store takes them in portions. Those that are known are left as they are, as are all
        if the workflow is closed: then this was done before.

        Args:
            nodes: all of them, in an order in which edges lead forwards.

        Raises:
            WorkflowNotStored: the workflow is unknown.
            QueueFull, BrokerError: as of `push`; earlier portions may be stored.
        """

    @abstractmethod
    def grow(self, nodes: Sequence[NewNode], membership: Membership) -> None:
        """Store nodes that a running node adds to its workflow, all of them or none.

        They start when its attempt has succeeded, and are forgotten if it does not.

        Args:
            nodes: all of the workflow that the membership names, with edges between them alone.
            membership: which node adds them.

        Raises:
            WorkflowNotStored: the node does not run under that claim, or the workflow was
                cancelled.
            InvalidWorkflow: an earlier call of this attempt was not completed.
            QueueFull, BrokerError: as of `push`.
        """

    @abstractmethod
    def nodes(
        self, workflow_id: str, *, offset: int = 0, limit: int = 50
    ) -> tuple[NodeRecord, ...]:
        """Return nodes in the order in which they were stored, those that it needs before each.

        They are fewer than asked for if they have more than `EDGES_READ` edges: ask again.
        """

    @abstractmethod
    def neighbours(self, job_id: str, limit: int) -> Neighbours:
        """Return what a node needs, and what waits for it: of each as many as the limit."""

    def results(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the results of nodes as JSON texts, by their ids, with those that they hold.

        Raises:
            UnusableResult: one is not there any more, or all together are too large.
            BrokenPayload: one is no text that we write.
        """
        found: dict[str, str] = {}
        wanted = dict.fromkeys(ids)
        size = 0
        while len(found) < len(wanted):
            left = list(wanted)[len(found) :]
            for job_id, result in zip(left, self.some_results(left), strict=False):
                if result is None:
                    raise UnusableResult(
                        f"The result of the job {job_id} is an argument, and cannot be read any"
                        " more: was the job deleted?"
                    )
                found[job_id] = result
                size += len(result)
                wanted |= dict.fromkeys(results_in(result))
            if size > RESULTS_BYTES:
                raise UnusableResult(
                    f"The results of other jobs that are arguments take more than {RESULTS_BYTES:,}"
                    " bytes. Store the data and return its key."
                )
        return found

    @abstractmethod
    def some_results(self, ids: Sequence[str]) -> Sequence[str | None]:
        """Return the results of the first of some jobs, as many as one call may read.

        None stands for that of a job that has not succeeded, or is unknown.
        """

    @abstractmethod
    def close(self, batch_id: str) -> bool:
        """Add no more members from outside; a batch without members ends now.

        Returns:
            False if it was closed before: also if it was cancelled or abandoned, or is unknown.
        """

    @abstractmethod
    def cancel(self, batch_id: str) -> bool:
        """Close a batch, and let its members that have not started be discarded when their turn is.

        A workflow that was never closed is forgotten, with its nodes.

        Returns:
            False if it has ended, was cancelled before, or is unknown.
        """

    @abstractmethod
    def find(self, batch_id: str) -> BatchRecord | None:
        """Return a batch, or None if it is unknown or no longer kept."""

    @abstractmethod
    def list(
        self, *, workflows: bool = False, after: BatchPlace | None = None, limit: int = 50
    ) -> tuple[BatchRecord, ...]:
        """Return a page of all batches, or of all workflows, newest first.

        Args:
            after: the place of the last one of the page before.
        """

    @abstractmethod
    def position(self, place: BatchPlace, *, workflows: bool = False) -> int:
        """Return how many of them are listed up to a place, which may be that of one forgotten."""

    @abstractmethod
    def count(self, *, workflows: bool = False) -> int:
        """Return how many batches, or how many workflows, there are."""

    @abstractmethod
    def count_unfinished(self, *, workflows: bool = False) -> int:
        """Return how many batches, or workflows, are open or have jobs that have not ended."""

    @abstractmethod
    def dead_members(self, batch_id: str, limit: int) -> tuple[str, ...]:
        """Return the ids of some dead members of a batch, those that died first."""

    def retry_dead(self, batch_id: str, seconds: float = math.inf) -> RetriedDead:
        """Queue the dead members of a batch again, in the order of their deaths.

        Members that die while this runs are left for the next call.

        Args:
            seconds: after this time no further portion is begun.

        Raises:
            BatchCancelled: the members would be discarded.
        """
        record = self.find(batch_id)
        if record is not None and record.is_cancelled:
            raise BatchCancelled(batch_id)
        began = time.monotonic()
        retried = kept = 0
        died_by: int | None = None
        while True:
            step = self.retry_some(batch_id, kept, died_by)
            retried, kept, died_by = retried + step.retried, kept + step.kept, step.died_by
            if step.retried + step.kept + step.gone == 0:
                return RetriedDead(retried, kept, is_done=True)
            if time.monotonic() - began >= seconds:
                return RetriedDead(retried, kept, is_done=False)

    @abstractmethod
    def retry_some(self, batch_id: str, skip: int, died_by: int | None) -> RetriedSome:
        """Queue up to `PORTION` dead members of a batch again, in the order of their deaths.

        Args:
            skip: how many to leave alone, as they were kept before.
            died_by: until when they died, in Unix milliseconds; None for now.
        """
