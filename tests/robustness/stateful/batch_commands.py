"""The random commands that both brokers are given: batches and what their members do."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from django_jobs.brokers.base import Broker
from django_jobs.errors import BatchCancelled, BatchEnded, DuplicateJob
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, Lock, OnConflict, State
from tests.robustness.stateful.both_brokers import listing
from tests.robustness.stateful.operator_commands import QUEUES, WORKERS
from tests.robustness.stateful.random_commands import RandomCommands
from tests.support.builders import make_job

EVENTS = st.sets(st.sampled_from(sorted(BatchEvent)))
BATCHES = st.integers(0, 3).map("batch{}".format)


class BatchCommands(RandomCommands):
    """Batches, at any time of the life of other jobs."""

    @rule(batch=BATCHES, events=EVENTS, queue=QUEUES)
    def open_batch(self, batch: str, events: set[BatchEvent], queue: str) -> None:
        is_known = self.same(lambda broker: broker.batches.find(batch)) is not None
        callbacks = {
            event: make_job(
                id=f"{len(self.known) + n:04d}", queue=queue, enqueued_at=self.clock.now() + n
            )
            for n, event in enumerate(sorted(events))
        }
        self.same(lambda broker: broker.batches.open(NewBatch(id=batch, callbacks=callbacks)))
        self.known += [job.id for job in callbacks.values()]
        if not is_known:
            self.expected.opened(list(callbacks.values()))

    @rule(batch=BATCHES, number=st.integers(0, 3), queue=QUEUES, is_unique=st.booleans())
    def add_members(self, batch: str, number: int, queue: str, is_unique: bool) -> None:
        self.add(self.members(batch, number, queue, is_unique=is_unique), Membership(batch))

    @rule(worker=WORKERS, number=st.integers(1, 3), queue=QUEUES, is_late=st.booleans())
    def add_members_from_a_member(
        self, worker: str, number: int, queue: str, is_late: bool
    ) -> None:
        claims = self.expected.over if is_late else self.expected.holds(worker).values()
        for claim in [one for one in claims if one.job.batch][:1]:
            batch = claim.job.batch
            jobs = self.members(batch, number, queue, is_unique=False)
            self.add(jobs, Membership(batch, claim.job.id, claim.token))

    def members(self, batch: str, number: int, queue: str, *, is_unique: bool) -> list[Job]:
        lock = Lock("x", on_conflict=OnConflict.REPLACE) if is_unique else None
        return [
            make_job(id=f"{len(self.known) + n:04d}", queue=queue, batch=batch, lock=lock)
            for n in range(number)
        ]

    def add(self, jobs: list[Job], membership: Membership) -> None:
        ids = self.same(partial(_added, jobs=jobs, membership=membership)) if jobs else []
        self.known += [job.id for job in jobs]
        self.expected.pushed_as(jobs, ids, self.clock.now())

    @rule(batch=BATCHES, verb=st.sampled_from(["close", "close", "cancel", "retry_dead"]))
    def care_for_a_batch(self, batch: str, verb: str) -> None:
        self.care_for(batch, verb)

    def care_for(self, batch: str, verb: str) -> None:
        dead = self.dead_members(batch)
        answer = self.same(partial(_answer, verb=verb, batch=batch))
        retried = dead - self.dead_members(batch)
        assert len(retried) == (answer.retried if verb == "retry_dead" and answer else 0)
        for job_id in retried:
            self.expected.cancelled.discard(job_id)
            self.expected.revive(job_id)

    def dead_members(self, batch: str) -> set[str]:
        records = listing(self.brokers[0], State.DEAD)
        return {record.job.id for record in records if record.job.batch == batch}


def _answer(broker: Broker, verb: str, batch: str) -> Any:
    try:
        return getattr(broker.batches, verb)(batch)
    except BatchCancelled:
        return None


def _added(broker: Broker, jobs: list[Job], membership: Membership) -> list[str] | None:
    try:
        return broker.batches.add(jobs, membership)
    except (BatchEnded, DuplicateJob):
        return None
