"""Both brokers side by side, with a comparison of all that can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, ClassVar, TypeVar

import redis
from hypothesis.stateful import RuleBasedStateMachine, invariant

from django_jobs.brokers.base import Broker
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import HeartbeatReport, JobProgress, QueueQuota, Reply
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import Claim, JobRecord, Settlement, State
from django_jobs.metrics.history import Span
from tests.robustness.stateful.expected_jobs import ExpectedJobs
from tests.robustness.stateful.limited_jobs import ExpectedStarts
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock
from tests.support.driver import Driver, check_with_doctor
from tests.support.redis_keys import check_structure, read_keys

T = TypeVar("T")

UNORDERED = [State.RUNNING, *(state for state in State if state.is_final)]
"""States whose listings have no order, or one that leaves jobs of one millisecond open."""


class TaglessDriver(Driver):
    """A worker whose claims look the same at both brokers: it keeps their tags to itself."""

    def __init__(self, broker: Broker, worker_id: str) -> None:
        super().__init__(broker, worker_id)
        self._tags: dict[tuple[str, int], int] = {}

    def exchange(
        self, *queues: QueueQuota | str, limit: int = 1, settlements: Sequence[Settlement] = ()
    ) -> Reply:
        tagged = [one._replace(tag=self._tag(one.job_id, one.token)) for one in settlements]
        reply = super().exchange(*queues, limit=limit, settlements=tagged)
        self._tags |= {(claim.job.id, claim.token): claim.tag for claim in reply.claims}
        return replace(reply, claims=tuple(claim._replace(tag=0) for claim in reply.claims))

    def abandon(self, settlement: Settlement) -> None:
        """Give up on a settlement, as a worker does that the broker keeps refusing."""
        tag = self._tag(settlement.job_id, settlement.token)
        self.session.abandon(settlement._replace(tag=tag))

    def report(self, *, progress: Sequence[JobProgress] = (), **said: Any) -> HeartbeatReport:
        tagged = [replace(one, tag=self._tag(one.job_id, one.token)) for one in progress]
        return super().report(progress=tagged, **said)

    def _tag(self, job_id: str, token: int) -> int:
        return self._tags.get((job_id, token), 0)


class BothBrokers(RuleBasedStateMachine):
    """Does everything twice, and compares the answers and all that can be seen.

    Time moves in whole seconds, and each job is due at a millisecond of its own.
    """

    steps: ClassVar[int] = 0
    """How many steps all walks of this process took."""

    def __init__(self, url: str, client: redis.Redis) -> None:
        super().__init__()
        client.flushall()
        self.client = client
        self.clock = Clock()
        self.clock.tell(lambda now: client.set(CLOCK_KEY, now))
        self.brokers: tuple[Broker, Broker] = (
            MemoryBroker(now=self.clock.now),
            RedisBroker(url, clock=MOVABLE_CLOCK),
        )
        self.starts = count(1)
        self.workers = {name: self.start(name) for name in ("w1", "w2", "w3")}
        self.expected = ExpectedJobs()
        self.starts_seen = ExpectedStarts()
        self.known: list[str] = []
        self.deferred = 0
        self.totals = (0, 0)

    def start(self, name: str) -> list[TaglessDriver]:
        """Start a worker at each of the brokers, under an id that is new."""
        worker_id = f"{name}-{next(self.starts)}"
        return [TaglessDriver(broker, worker_id) for broker in self.brokers]

    def teardown(self) -> None:
        for broker in self.brokers:
            check_with_doctor(broker)
        self.brokers[1].close()

    def same(self, do: Callable[[Broker], T]) -> T:
        expected, actual = (do(broker) for broker in self.brokers)
        assert expected == actual
        return expected

    def same_of(self, worker: str, do: Callable[[TaglessDriver], T]) -> T:
        expected, actual = (do(driver) for driver in self.workers[worker])
        assert expected == actual
        return expected

    def later(self, milliseconds: int) -> int:
        self.deferred += 1
        return milliseconds + self.deferred

    def one_of_known(self, number: int) -> str:
        return self.known[number % len(self.known)] if self.known else "unknown"

    @invariant()
    def all_that_can_be_seen_is_the_same_and_right(self) -> None:
        BothBrokers.steps += 1
        counts = self.same(lambda broker: dict(broker.inspection.counts()))
        self.expected.forget_what_is_over(self.clock.now())
        self.same(seen_beside_jobs)
        listings = {state: self.same(partial(listing, state=state)) for state in State}
        listed = {one.job.id: one for records in listings.values() for one in records}
        workflows = self.brokers[0].batches.list(workflows=True)
        self.expected.workflows_went_on(listed, workflows)
        self.expected.batches_went_on(listed)
        self.expected.check(listings, counts)
        batches = (*self.brokers[0].batches.list(), *workflows)
        self.expected.check_batches(batches, listed.values())
        totals = self.brokers[0].inspection.totals()
        assert (totals.succeeded, totals.failed) == self.totals
        assert self.brokers[0].ticks() == self.expected.ticks
        check_structure(read_keys(self.client))

    def slots(self) -> dict[str, int]:
        """How many slots each limit has."""
        known = self.brokers[0].inspection.limits.all()
        return {one.id: 0 if one.paused else one.n if one.own is None else one.own for one in known}

    def check_slots(self, claims: Sequence[Claim], before: dict[str, int]) -> None:
        """Check that claims had slots; each of their jobs may have brought another number along."""
        known = self.brokers[0].inspection.limits.all()
        pinned = {one.id for one in known if one.paused or one.own is not None}
        taken = [limit for claim in claims for limit in self.expected.present[claim.job.id].limits]
        slots = {
            id_: max(
                *(number, before.get(id_, 0)),
                *(limit.n for limit in taken if limit.id == id_ and id_ not in pinned),
            )
            for id_, number in self.slots().items()
        }
        running = [job_id for held in self.expected.held.values() for job_id in held]
        self.starts_seen.check(claims, self.expected.present, running, slots, self.clock.now())

    def superseded(self) -> set[str]:
        """Ids of jobs for whose end a successor waits."""
        records = self.same(partial(listing, state=State.SCHEDULED))
        return {one.lock_holder for one in records if one.due_at is None and one.lock_holder}

    def locked(self) -> set[str]:
        """Ids of jobs whose locks others hold."""
        records = [record for state in State for record in listing(self.brokers[0], state)]
        return {one.job.id for one in records if one.lock_holder not in {None, one.job.id}}

    def everything(self) -> Any:
        """All that can be seen, and Redis itself."""
        keys = read_keys(self.client)
        listings = [self.same(partial(listing, state=state)) for state in State]
        return self.same(seen_beside_jobs), listings, keys


def listing(broker: Broker, state: State, queue: str | None = None) -> list[JobRecord]:
    records = list(broker.inspection.jobs(state, queue=queue, limit=1_000))
    return sorted(records, key=lambda record: record.job.id) if state in UNORDERED else records


def seen_beside_jobs(broker: Broker) -> tuple[object, ...]:
    read = broker.inspection
    counted = (
        read.metrics.history(Span.HOUR),
        read.metrics.tasks(Span.MONTH),
        read.metrics.failing(Span.DAY),
    )
    # When a limit is forgotten that nothing needs depends on which heartbeat looks at it.
    limits = [one for one in read.limits.all() if one.keys or one.paused or one.own is not None]
    keys = [read.limits.keys(limit.id) for limit in limits]
    turns = [read.fair_keys(queue.name) for queue in read.queues()]
    told = (
        limits,
        keys,
        turns,
        read.queues(),
        read.workers(),
        read.totals(),
        dict(read.postponed_tasks()),
    )
    every = (*broker.batches.list(), *broker.batches.list(workflows=True))
    batches = sorted(every, key=lambda batch: batch.id)
    return *told, dict(broker.ticks()), counted, batches
