"""The batches of the broker in Redis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from django_jobs.brokers.batches import PORTION, Batches, BatchPlace, RetriedSome
from django_jobs.brokers.constants import RESULTS_PER_CALL
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchCounts, BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, State
from django_jobs.jobs.workflows import Neighbours, NewNode, NodeRecord

from . import codec
from .pushing import Pusher
from .reading import number
from .workflow_replies import node_records, to_neighbours

COUNTS = ("total", "open", "succeeded", "dead", "discarded")
"""The fields of a batch that `BatchCounts` has, in its order."""


class RedisBatches(Batches):
    """Calls the scripts for batches.

    Args:
        run: calls one of the broker's scripts.
        pusher: stores members.
    """

    def __init__(self, run: Callable[..., Any], pusher: Pusher) -> None:
        self._run = run
        self._pusher = pusher

    def open(self, batch: NewBatch) -> None:
        kind = "workflow" if batch.is_workflow else "batch"
        callbacks: list[str | int] = []
        for event, job in batch.callbacks.items():
            fields = codec.record_fields(job)
            callbacks += (event.value, job.id, job.enqueued_at, len(fields), *fields)
        self._run("open_batch", batch.id, batch.name, batch.metadata, kind, *callbacks)

    def add(self, jobs: Sequence[Job], membership: Membership) -> list[str]:
        return self._pusher.push(jobs, membership)

    def add_nodes(self, workflow_id: str, nodes: Sequence[NewNode]) -> None:
        self._pusher.push_nodes(workflow_id, nodes)

    def grow(self, nodes: Sequence[NewNode], membership: Membership) -> None:
        self._pusher.grow(nodes, membership)

    def nodes(
        self, workflow_id: str, *, offset: int = 0, limit: int = 50
    ) -> tuple[NodeRecord, ...]:
        return node_records(self._run("nodes", workflow_id, offset, limit))

    def neighbours(self, job_id: str, limit: int) -> Neighbours:
        return to_neighbours(self._run("neighbours", job_id, limit), limit)

    def some_results(self, ids: Sequence[str]) -> Sequence[str | None]:
        return list(self._run("read_results", *ids[:RESULTS_PER_CALL]))

    def close(self, batch_id: str) -> bool:
        return bool(self._run("close_batch", batch_id, "close"))

    def cancel(self, batch_id: str) -> bool:
        return bool(self._run("close_batch", batch_id, "cancel"))

    def find(self, batch_id: str) -> BatchRecord | None:
        *_, (flat,) = self._run("find_batches", "batches", "", "", "", batch_id)
        return _to_record(batch_id, flat) if flat else None

    def list(
        self, *, workflows: bool = False, after: BatchPlace | None = None, limit: int = 50
    ) -> tuple[BatchRecord, ...]:
        *_, ids, found = self._page(workflows, after, limit)
        return tuple(_to_record(one, flat) for one, flat in zip(ids, found, strict=True) if flat)

    def position(self, place: BatchPlace, *, workflows: bool = False) -> int:
        _, _, position, *_ = self._page(workflows, place, 0)
        return int(position)

    def count(self, *, workflows: bool = False) -> int:
        total, *_ = self._page(workflows, None, 0)
        return int(total)

    def count_unfinished(self, *, workflows: bool = False) -> int:
        _, unfinished, *_ = self._page(workflows, None, 0)
        return int(unfinished)

    def _page(self, workflows: bool, after: BatchPlace | None, limit: int) -> Any:
        opened_at, batch_id = after or ("", "")
        return self._run("find_batches", _kind(workflows=workflows), limit, opened_at, batch_id)

    def dead_members(self, batch_id: str, limit: int) -> tuple[str, ...]:
        _, _, *pairs = self._run("dead_members", batch_id, "", 0, limit)
        return tuple(pairs[::2])

    def retry_some(self, batch_id: str, skip: int, died_by: int | None) -> RetriedSome:
        until = "" if died_by is None else died_by
        said, gone, *members = self._run("dead_members", batch_id, until, skip, PORTION)
        if not members:
            return RetriedSome(gone=gone, died_by=int(said))
        pairs = zip(members[::2], members[1::2], strict=True)
        triples = ((job_id, State.DEAD.value, token) for job_id, token in pairs)
        retried, kept = self._run(
            "apply_action", JobAction.RETRY.value, *chain.from_iterable(triples)
        )
        gone += len(members) // 2 - retried - kept
        return RetriedSome(retried, kept, gone, int(said))


def _kind(*, workflows: bool) -> str:
    """Return the key that lists them."""
    return "workflows" if workflows else "batches"


def _to_record(batch_id: str, flat: Sequence[str]) -> BatchRecord:
    """Read a batch from its hash."""
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return BatchRecord(
        id=batch_id,
        name=fields.get("name", ""),
        metadata=fields.get("metadata", ""),
        opened_at=number(fields.get("opened", "")) or 0,
        ended_at=number(fields.get("ended", "")),
        counts=BatchCounts(*(_count(fields, name) for name in COUNTS)),
        missed=_count(fields, "missed"),
        is_open="held" in fields,
        is_cancelled="cancelled" in fields,
        is_abandoned="abandoned" in fields,
        callbacks={event: fields[event] for event in BatchEvent if event in fields},
        happened=frozenset(event for event in BatchEvent if f"happened_{event}" in fields),
        is_workflow="workflow" in fields,
    )


def _count(fields: Mapping[str, str], name: str) -> int:
    return number(fields.get(name, "")) or 0
