"""The random commands that both brokers are given: what sites and workers do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import (
    HeartbeatReply,
    JobProgress,
    QueueQuota,
    Reply,
)
from django_jobs.errors import DuplicateJob
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import (
    JOB_FORMAT,
    Claim,
    Job,
    Lock,
    OnConflict,
    Settlement,
    Turn,
    Until,
)
from django_jobs.jobs.ticks import Tick
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.task_stats import TaskStats
from tests.robustness.stateful.endings import ENDS, End, end_of
from tests.robustness.stateful.limited_jobs import few, slow
from tests.robustness.stateful.operator_commands import (
    DAYS,
    NUMBERS,
    QUEUES,
    SECONDS,
    WORKERS,
    OperatorCommands,
)
from tests.support.builders import make_job
from tests.support.clock import START
from tests.support.idle_workers import use_up_wake_up

LOCKS = st.tuples(st.sampled_from("xy"), st.sampled_from(Until)).map(lambda pair: Lock(*pair))
FEW = st.builds(few, st.integers(1, 3), st.sampled_from("xy"))
SLOW = st.builds(slow, st.integers(1, 3), st.sampled_from(["", "z"]))
LIMITS = st.tuples(FEW) | st.tuples(SLOW) | st.tuples(SLOW, FEW)
SEVERAL = st.sampled_from(["a", "b", "ab", "ba"])
TURNS = st.none() | st.builds(Turn, st.sampled_from("xyz"), st.sampled_from([1, 2, 7]))
TICKS = st.tuples(
    st.sampled_from(["hourly", "daily"]), st.sampled_from([None, 1, 2]), st.sampled_from([1, 2])
)


class RandomCommands(OperatorCommands):
    """Whatever the contract of the brokers permits, in any order."""

    # --- what enqueues -------------------------------------------------------------------------

    @initialize()
    def begin_with_work(self) -> None:
        self.push(["a", "b"] * 4, 0, None, 60_000)
        self.push(["a", "b"], 1, 1_000, 60_000)
        self.claim("w1", "ab", 1, 3)
        self.claim("w2", "ba", 2, 2)

    @rule(
        queues=st.lists(QUEUES, min_size=1, max_size=4),
        priority=st.sampled_from([-1, 0, 1]),
        ahead=st.none() | SECONDS,
        kept=st.sampled_from([0, 3_000, 60_000]),
        newer=st.integers(0, 9).map(lambda number: number == 9),
        turns=st.lists(TURNS, max_size=4),
    )
    def push(
        self,
        queues: list[str],
        priority: int,
        ahead: int | None,
        kept: int,
        newer: bool = False,
        turns: Sequence[Turn | None] = (),
    ) -> None:
        jobs = [
            make_job(
                id=f"{len(self.known) + n:04d}",
                queue=queue,
                priority=priority,
                run_at=ahead and self.clock.now() + self.later(ahead),
                result_ttl=kept,
                format=JOB_FORMAT + newer,
                turn=turn,
            )
            for n, (queue, turn) in enumerate(zip_longest(queues, turns[: len(queues)]))
        ]
        self.known += [job.id for job in jobs]
        self.push_jobs(jobs)

    @rule(number=NUMBERS)
    def push_again(self, number: int) -> None:
        job = make_job(id=self.one_of_known(number), queue="b", priority=1)
        self.push_jobs([job])
        self.push_jobs([job])

    @rule(
        digests=st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3),
        queue=QUEUES,
        ahead=st.none() | SECONDS,
        until=st.sampled_from(Until),
        conflict=st.sampled_from(OnConflict),
        kept=st.sampled_from([0, 3_000]),
        expires=st.none() | SECONDS,
        after_commit=st.booleans(),
    )
    def push_unique(
        self,
        digests: list[str],
        queue: str,
        ahead: int | None,
        until: Until,
        conflict: OnConflict,
        kept: int,
        expires: int | None,
        after_commit: bool,
    ) -> None:
        now = self.clock.now()
        jobs = [
            make_job(
                id=f"{len(self.known) + n:04d}",
                queue=queue,
                run_at=ahead and now + self.later(ahead),
                result_ttl=kept or 60_000,
                expires_at=expires and now + expires,
                arguments=f"[[{len(self.known) + n}],{{}}]",
                lock=Lock(digest, until, kept, conflict, after_commit),
            )
            for n, digest in enumerate(digests)
        ]
        self.known += [job.id for job in jobs]
        self.push_jobs(jobs)

    @rule(
        limits=st.lists(LIMITS, min_size=1, max_size=4),
        queue=QUEUES,
        priority=st.sampled_from([-1, 0, 1]),
        ahead=st.none() | SECONDS,
        lock=st.none() | LOCKS,
    )
    def push_limited(
        self,
        limits: list[tuple[JobLimit, ...]],
        queue: str,
        priority: int,
        ahead: int | None,
        lock: Lock | None,
    ) -> None:
        jobs = [
            make_job(
                id=f"{len(self.known) + n:04d}",
                queue=queue,
                priority=priority,
                run_at=ahead and self.clock.now() + self.later(ahead),
                limits=some,
                lock=lock,
            )
            for n, some in enumerate(limits)
        ]
        self.known += [job.id for job in jobs]
        self.push_jobs(jobs)

    def push_jobs(self, jobs: list[Job]) -> None:
        ids = self.same(partial(_pushed, jobs=jobs))
        assert ids is not None or any(job.lock and job.lock.raises for job in jobs)
        self.expected.pushed_as(jobs, ids, self.clock.now())

    @rule(wanted=st.lists(st.tuples(TICKS, st.none() | SECONDS, st.booleans()), max_size=3))
    def claim_ticks(
        self, wanted: list[tuple[tuple[str, int | None, int], int | None, bool]]
    ) -> None:
        ticks = [
            Tick(*tick, None if skipped else self.tick_job(tick, ahead))
            for tick, ahead, skipped in wanted
        ]
        claimed = self.same(lambda broker: broker.claim_ticks(ticks))
        for tick, is_claimed in zip(ticks, claimed, strict=True):
            assert is_claimed == (self.expected.ticks.get(tick.name) == tick.last)
            if is_claimed:
                self.expected.ticks[tick.name] = tick.at
                if tick.job:
                    self.expected.pushed_as(
                        [tick.job], [self.behind(tick.job.id)], self.clock.now()
                    )

    def behind(self, job_id: str) -> str:
        """The id of the job that stands for a call."""
        record = self.same(lambda broker: broker.inspection.find(job_id))
        assert record is not None
        return record.job.id

    def tick_job(self, tick: tuple[str, int | None, int], ahead: int | None) -> Job:
        name, _, at = tick
        run_at = ahead and self.clock.now() + self.later(ahead)
        return make_job(
            id=f"{name}-{self.clock.now() - START}-{at}",
            queue="a",
            run_at=run_at,
            lock=Lock("x") if name == "daily" else None,
        )

    # --- what workers do -------------------------------------------------------------------------

    @rule(
        worker=WORKERS,
        queues=SEVERAL,
        quota=st.integers(0, 3),
        limit=st.integers(1, 6),
        ends=st.lists(ENDS, max_size=2),
    )
    def claim(
        self, worker: str, queues: str, quota: int, limit: int, ends: Sequence[End] = ()
    ) -> None:
        mine = self.expected.holds(worker).values()
        settlements = [self.end(*pair) for pair in zip(mine, ends, strict=False)]
        self.call(worker, [QueueQuota(queue, quota) for queue in queues], limit, settlements)

    @rule(
        worker=WORKERS,
        ends=st.lists(ENDS, min_size=2, max_size=6),
        stale=st.lists(st.tuples(NUMBERS, ENDS), max_size=2),
        limit=st.integers(0, 3),
    )
    def settle_what_is_held_or_not(
        self, worker: str, ends: list[End], stale: list[tuple[int, End]], limit: int
    ) -> None:
        worker = self.busy_one(worker)
        mine = self.expected.holds(worker).values()
        wrong = self.expected.not_held_by(worker)
        pairs = [
            *zip(mine, ends, strict=False),
            *((wrong[number % len(wrong)], end) for number, end in stale if wrong),
        ]
        # The first one twice: who settles a job again in one call is late, too.
        settlements = [self.end(*pair) for pair in pairs + pairs[:1]]
        self.call(worker, [QueueQuota("a", limit), QueueQuota("b", limit)], limit, settlements)

    @rule(worker=WORKERS, queues=SEVERAL)
    def be_woken(self, worker: str, queues: str) -> None:
        self.same(lambda broker: use_up_wake_up(broker, *queues, seconds=0.001))
        self.call(worker, [QueueQuota(queue, 1) for queue in queues], 0, [])

    def busy_one(self, worker: str) -> str:
        """This worker, or another one that has something to settle."""
        return next((name for name in [worker, *self.workers] if self.expected.holds(name)), worker)

    def end(self, claim: Claim, end: End) -> Settlement:
        return end_of(claim, end, self.later(4_000))

    def call(
        self, worker: str, quotas: list[QueueQuota], limit: int, settlements: list[Settlement]
    ) -> Reply:
        if not self.workers[worker][0].has_beaten:
            self.heartbeat(worker, (0, 0))
        superseded, slots = self.superseded(), self.slots()
        reply = self.same_of(
            worker, lambda it: it.exchange(*quotas, limit=limit, settlements=settlements)
        )
        assert reply.refused == self.expected.settled(
            worker, settlements, superseded, self.clock.now()
        )
        self.expected.gave_up(reply, self.clock.now())
        self.expected.claimed(worker, reply.claims, limit)
        self.check_slots(reply.claims, slots)
        if reply.must_beat:
            assert not self.expected.holds(worker)
            assert not reply.claims
            self.heartbeat(worker, (0, 0))
        return reply

    @rule(worker=WORKERS, end=ENDS, forged=st.booleans())
    def settle_what_is_not_held(self, worker: str, end: End, forged: bool) -> None:
        self.call(worker, [], 0, [])  # what is due comes first, and is no settlement's doing
        before = self.everything()
        claims = self.expected.not_held_by(worker)
        if forged:
            claims += map(_of_the_future, self.expected.holds(worker).values())
        settlements = [self.end(claim, end) for claim in claims]
        answer = self.call(worker, [], 0, settlements)
        assert len(answer.refused) == len(claims)
        assert self.everything() == before

    @rule(worker=WORKERS, counted=st.tuples(st.integers(0, 2), st.integers(0, 2)))
    def heartbeat(self, worker: str, counted: tuple[int, int]) -> None:
        running = [(job_id, self.clock.now()) for job_id in self.expected.holds(worker)]
        says: dict[str, Any] = {
            "succeeded": counted[0],
            "failed": counted[1],
            "running": tuple(running),
            "stuck": tuple(job_id for job_id, _ in running[:1]),
            "queues": ("a", "b")[: counted[0]],
            "quiet": counted[1] == 1,
            "samples": [_sample(worker, *counted)],
            "progress": _progress(counted[1], self.expected.holds(worker)),
        }
        reply = self.same_of(worker, lambda it: _in_order(it.heartbeat(**says)))
        self.expected.taken_back(worker, reply, self.clock.now())
        self.expected.hears_of_cancelled(worker, reply, self.clock.now())
        self.totals = (self.totals[0] + counted[0], self.totals[1] + counted[1])

    @rule(worker=WORKERS, end=ENDS, number=NUMBERS)
    def abandon(self, worker: str, end: End, number: int) -> None:
        worker = self.busy_one(worker)
        held = list(self.expected.holds(worker).values())
        if not held:
            return
        settlement = self.end(held[number % len(held)], end)
        self.same_of(worker, lambda it: it.abandon(settlement))
        self.expected.abandoned.add(settlement.job_id)
        self.heartbeat(worker, (0, 0))

    @rule(worker=WORKERS, witness=WORKERS, limit=st.integers(0, 4))
    def begin_and_vanish(self, worker: str, witness: str, limit: int) -> None:
        self.call(worker, [QueueQuota("a", limit), QueueQuota("b", limit)], limit, [])
        for _ in range(3):
            self.heartbeat(witness, (0, 0))
            self.clock.advance(10_500)
        self.heartbeat(witness, (0, 0))

    @rule(worker=WORKERS, away=st.none() | DAYS)
    def stop(self, worker: str, away: int | None) -> None:
        for each in self.workers if away else [worker]:
            self.heartbeat(each, (0, 0))
            self.same_of(each, lambda it: it.close())
            self.expected.leave(each)
            self.workers[each] = self.start(each)
        self.clock.advance(away or 0)


def _pushed(broker: Broker, jobs: list[Job]) -> list[str] | None:
    """Push jobs; return the ids of those that stand for them, or None if they are refused."""
    try:
        return broker.push(jobs)
    except DuplicateJob:
        return None


def _sample(worker: str, succeeded: int, failed: int) -> TaskStats:
    """Counts of the worker's own task."""
    errors = (("builtins.OSError", failed),) if failed else ()
    times = Histogram((succeeded + failed, *[0] * len(BOUNDS)), succeeded)
    return TaskStats(
        task=worker,
        queue="a",
        succeeded=succeeded,
        failed=failed,
        errors=errors,
        latency=times,
        duration=times,
    )


def _progress(done: int, held: Iterable[str]) -> list[JobProgress]:
    """How far two of the jobs are that a worker holds, perhaps under these tokens."""
    return [
        JobProgress(job_id=job_id, token=token, tag=0, progress=Progress(done, 2))
        for job_id in list(held)[:2]
        for token in (1, 2)
    ]


def _in_order(reply: HeartbeatReply) -> HeartbeatReply:
    """The order in which jobs come back is nobody's promise."""
    return HeartbeatReply(
        lost=reply.lost,
        command=reply.command,
        recovered=tuple(sorted(reply.recovered)),
        dead=tuple(sorted(reply.dead)),
        cancelled=tuple(sorted(reply.cancelled)),
    )


def _of_the_future(claim: Claim) -> Claim:
    """A claim that its worker may get one day."""
    return Claim(
        job=claim.job,
        token=claim.token + 1,
        tag=0,
        attempt=claim.attempt,
        queued_at=claim.queued_at,
        claimed_at=claim.claimed_at,
    )
