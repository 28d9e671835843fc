"""What must be true of the jobs after each step, kept from the commands and their answers alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django_jobs.brokers.constants import KEPT_MS
from django_jobs.brokers.messages import HeartbeatReply, Reply
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord
from django_jobs.jobs.records import (
    JOB_FORMAT,
    Claim,
    Job,
    JobRecord,
    OnConflict,
    Settlement,
    State,
)

REMEMBERED = 30
"""How many claims that are over may still be settled by somebody who does not know."""


@dataclass
class ExpectedJobs:
    """An account of jobs: who was pushed, who holds what, what was removed and why."""

    present: dict[str, Job] = field(default_factory=dict)
    held: dict[str, dict[str, Claim]] = field(default_factory=dict)
    over: list[Claim] = field(default_factory=list)
    pushed: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    paused: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)
    ticks: dict[str, int] = field(default_factory=dict)
    callbacks: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    adders: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    _forgotten_at: dict[str, float] = field(default_factory=dict)
    _tokens: dict[str, int] = field(default_factory=dict)

    # --- what comes and goes ----------------------------------------------------------------------

    def pushed_as(self, jobs: Sequence[Job], ids: Sequence[str] | None, now: int) -> None:
        """Note jobs, each of which is itself, or was merged with a unique one.

        Args:
            ids: of the jobs that stand for them, or None if they were refused.
        """
        for job, job_id in zip(jobs, ids or (), strict=ids is not None):
            if job_id == job.id:
                self._push(job)
            else:
                self._merge(job, job_id, now)

    def _push(self, job: Job) -> None:
        if job.id not in self.present:
            self.present[job.id] = job
            self.pushed += 1

    def _merge(self, job: Job, job_id: str, now: int) -> None:
        """Check that a job was merged with one of its kind, and note what that took from it."""
        other = self.present[job_id]
        assert job.lock
        assert other.lock
        assert job.lock.digest == other.lock.digest
        assert job.id not in self.present
        ended = job_id in self._forgotten_at
        assert not ended or other.lock.keep_for, "merged with a job that has ended"
        if job.lock.on_conflict is OnConflict.REPLACE and not ended:
            assert job_id not in self._held_ids(), "a running job was replaced"
            self.present[job_id] = job._replace(id=job_id, batch=self.present[job_id].batch)

    def opened(self, callbacks: Sequence[Job]) -> None:
        """Note the callbacks of a batch, which are jobs that wait."""
        for job in callbacks:
            self._push(job)
            self.callbacks.add(job.id)

    def stored_nodes(self, jobs: Sequence[Job]) -> None:
        """Note the nodes of a workflow."""
        for job in jobs:
            self._push(job)
            self.nodes.add(job.id)

    def added_nodes(self, jobs: Sequence[Job], adder: str) -> None:
        """Note nodes that an attempt adds to a workflow; they join it if that succeeds."""
        self.stored_nodes(jobs)
        ids = [job.id for job in jobs]
        self.adders |= dict.fromkeys(ids, adder)
        self.pending.update(ids)

    def added_by(self, adder: str) -> list[str]:
        return [job_id for job_id, one in self.adders.items() if one == adder]

    def workflows_went_on(
        self, listed: dict[str, JobRecord], workflows: Iterable[BatchRecord]
    ) -> None:
        """Note nodes that are forgotten by their workflows, or wait again."""
        kept = {one.id for one in workflows if BatchEvent.SUCCESS not in one.happened}
        for job_id in self.nodes & self.present.keys():
            record = listed.get(job_id)
            if record is None:
                assert job_id in self.pending or self.present[job_id].batch not in kept
                self.remove(job_id, "forgotten by its workflow")
            elif record.job.batch:
                self.pending.discard(job_id)
                if record.state is State.WAITING:
                    self.revive(job_id)

    def batches_went_on(self, listed: dict[str, JobRecord]) -> None:
        """Note callbacks that nothing will start, and discarded members of cancelled batches."""
        for job_id in self.callbacks & self.present.keys() - listed.keys():
            self.remove(job_id, "not needed")
        for job_id, record in listed.items():
            is_member = record.job.batch and record.state is State.DISCARDED
            if is_member and job_id not in self._forgotten_at:
                self.end(job_id, State.DISCARDED, record.finished_at or 0)

    def check_batches(self, batches: Iterable[BatchRecord], listed: Iterable[JobRecord]) -> None:
        """Check that the counts of open members are right, and that no batch is between states."""
        unfinished = Counter(one.job.batch for one in listed if not one.state.is_final)
        for batch in batches:
            counts = batch.counts
            assert counts.open == unfinished[batch.id]
            assert counts.total == sum(counts[1:])
            is_over = not (batch.is_open or counts.open)
            assert is_over == (batch.ended_at is not None)
            assert not is_over or BatchEvent.END in batch.happened
            assert not batch.is_complete or BatchEvent.SUCCESS in batch.happened
            assert not counts.dead or BatchEvent.DEATH in batch.happened

    def remove(self, job_id: str, why: str) -> None:
        del self.present[job_id]
        self._forgotten_at.pop(job_id, None)
        self._tokens.pop(job_id, None)
        self.removed[why] += 1

    def end(self, job_id: str, state: State, now: int) -> None:
        if job_id in self.nodes:
            self._forgotten_at[job_id] = math.inf
            return
        kept_for = KEPT_MS.get(state, self.present[job_id].result_ttl)
        self._forgotten_at[job_id] = now + kept_for
        if not kept_for:
            self.remove(job_id, "not kept")

    def revive(self, job_id: str) -> None:
        """Note that an operator let an ended job run again."""
        self._forgotten_at.pop(job_id, None)

    def forget_what_is_over(self, now: int) -> None:
        for job_id in [one for one, until in self._forgotten_at.items() if until <= now]:
            self.remove(job_id, "expired")

    # --- who holds what ---------------------------------------------------------------------------

    def holds(self, worker: str) -> dict[str, Claim]:
        return self.held.setdefault(worker, {})

    def release(self, worker: str, job_id: str) -> None:
        self.over.append(self.holds(worker).pop(job_id))
        del self.over[:-REMEMBERED]

    def leave(self, worker: str) -> None:
        for job_id in list(self.holds(worker)):
            self.release(worker, job_id)

    def not_held_by(self, worker: str) -> list[Claim]:
        """Claims that are over, and those of others.

        Tokens of a job start again when its id is pushed again after it was removed, so that an old
        claim may look like one that is held now.
        """
        others = [
            claim for name, held in self.held.items() if name != worker for claim in held.values()
        ]
        return [
            one for one in self.over + others if not self._is_held(worker, one.job.id, one.token)
        ]

    def _is_held(self, worker: str, job_id: str, token: int) -> bool:
        claim = self.holds(worker).get(job_id)
        return claim is not None and claim.token == token

    def claimed(self, worker: str, claims: Iterable[Claim], limit: int) -> None:
        """Check and note new claims: of jobs that nobody holds, under tokens that grow."""
        for number, claim in enumerate(claims, 1):
            job = claim.job
            assert number <= limit
            assert job == self.present[job.id]._replace(lock=None, turn=None, limits=())
            assert job.format <= JOB_FORMAT
            assert job.queue not in self.paused
            assert not any(job.id in held for held in self.held.values())
            assert claim.token > self._tokens.get(job.id, 0)
            self._tokens[job.id] = claim.token
            self.holds(worker)[job.id] = claim

    def settled(
        self, worker: str, settlements: Sequence[Settlement], superseded: set[str], now: int
    ) -> tuple[str, ...]:
        """Note settlements; return the ids of those that must have been refused.

        Args:
            superseded: ids of jobs for whose end others wait.
        """
        refused = []
        for one in settlements:
            if not self._is_held(worker, one.job_id, one.token):
                refused.append(one.job_id)
                continue
            self.release(worker, one.job_id)
            if one.state.is_final:
                self.end(one.job_id, one.state, now)
            elif one.state is State.RETRYING and one.job_id in superseded:
                self.end(one.job_id, State.DISCARDED, now)
        return tuple(refused)

    def gave_up(self, reply: Reply, now: int) -> None:
        """Note jobs that waited too long for a worker that knows them."""
        for job_id in reply.dead:
            assert not any(job_id in held for held in self.held.values())
            self.end(job_id, State.DEAD, now)

    def taken_back(self, witness: str, pulse: HeartbeatReply, now: int) -> None:
        for job_id in (*pulse.recovered, *pulse.dead):
            (holder,) = (name for name, held in self.held.items() if job_id in held)
            assert (holder == witness) == (job_id in self.abandoned)
            self.release(holder, job_id)
        assert self.abandoned <= {*pulse.recovered, *pulse.dead}
        self.abandoned.clear()
        for job_id in pulse.dead:
            self.end(job_id, State.DEAD, now)

    def moved(self, ids: Iterable[str], queue: str) -> None:
        for job_id in ids:
            self.present[job_id] = self.present[job_id]._replace(queue=queue)

    def cancel(self, job_id: str, now: int) -> None:
        """Note that a job has ended, or is to end with its worker's next heartbeat."""
        if job_id in self._held_ids():
            self.cancelled.add(job_id)
        else:
            self.end(job_id, State.DISCARDED, now)

    def hears_of_cancelled(self, worker: str, pulse: HeartbeatReply, now: int) -> None:
        """Check of which jobs a worker hears; end those that wait again."""
        assert set(pulse.cancelled) == self.cancelled & self.holds(worker).keys()
        for job_id in self.cancelled - self._held_ids():
            self.cancelled.discard(job_id)
            if job_id in self.present and job_id not in self._forgotten_at:
                self.end(job_id, State.DISCARDED, now)

    def _held_ids(self) -> set[str]:
        return {job_id for held in self.held.values() for job_id in held}

    # --- the balance ------------------------------------------------------------------------------

    def check(self, listings: dict[State, list[JobRecord]], counts: dict[State, int]) -> None:
        """Check that each job is in exactly one state, and that their sum is right."""
        seen = [record.job.id for records in listings.values() for record in records]
        assert len(seen) == len(set(seen))
        assert set(seen) == set(self.present)
        assert {state: len(records) for state, records in listings.items()} == counts
        assert sum(counts.values()) == self.pushed - self.removed.total()
        running = {record.job.id for record in listings[State.RUNNING]}
        assert running == self._held_ids()
        for state, records in listings.items():
            for record in records:
                assert record.state is state
                waits = record.lock_holder not in {None, record.job.id}
                is_deferred = state in {State.SCHEDULED, State.RETRYING}
                assert (record.due_at is not None) == is_deferred or (is_deferred and waits)
                assert record.job == self.expected_job(record.job.id) or record.job.metadata
        self._check_locks(record for records in listings.values() for record in records)

    def expected_job(self, job_id: str) -> Job:
        job = self.present[job_id]
        return job._replace(batch="") if job_id in self.pending else job

    def _check_locks(self, records: Iterable[JobRecord]) -> None:
        """Check that at most one unfinished job has each lock that lasts until the end."""
        for record in records:
            if record.lock_holder and record.lock_holder in self.present:
                holder = self.present[record.lock_holder]
                assert record.job.lock
                assert holder.lock
                assert holder.lock.digest == record.job.lock.digest
