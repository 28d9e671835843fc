"""Both brokers answer the same to the same random commands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import redis
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from django_jobs.brokers.base import Broker, Order, Share
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.redis import RedisBroker
from django_jobs.job import Claim, Record, Settlement, State
from tests.contract.conftest import CLOCK_KEY, MOVABLE_CLOCK
from tests.contract.tools import (
    START,
    Clock,
    Driver,
    dead,
    discarded,
    given_back,
    make_job,
    retrying,
    succeeded,
)

End = Callable[..., Settlement]
T = TypeVar("T")

UNORDERED = [State.RUNNING, *(state for state in State if state.is_final)]
"""States whose listings have no order, or one that leaves jobs of one millisecond open."""

QUEUES = st.sampled_from(["a", "b"])
WORKERS = st.sampled_from(["w1", "w2", "w3"])
SECONDS = st.sampled_from([1_000, 4_000, 21_000])
NUMBERS = st.integers(min_value=0, max_value=99)
ENDS = st.sampled_from([retrying, succeeded, given_back, dead, discarded])


class BothBrokers(RuleBasedStateMachine):
    """Does everything twice, and compares the answers and all that can be seen.

    Time moves in whole seconds, while each job is due at a millisecond of its own, as the order
    of jobs that are due at the same moment is nobody's promise.
    """

    def __init__(self, url: str, client: redis.Redis) -> None:
        super().__init__()
        client.flushall()
        self.clock = Clock()
        self.clock.tell(lambda now: client.set(CLOCK_KEY, now))
        self.brokers: tuple[Broker, Broker] = (
            MemoryBroker(now=self.clock.now),
            RedisBroker(url, clock=MOVABLE_CLOCK),
        )
        self.workers = {
            name: [Driver(broker, name) for broker in self.brokers] for name in ("w1", "w2", "w3")
        }
        self.claims: dict[str, list[Claim]] = {name: [] for name in self.workers}
        self.settled: dict[str, list[Claim]] = {name: [] for name in self.workers}
        self.known: list[str] = []
        self.deferred = 0

    def teardown(self) -> None:
        self.brokers[1].close()

    def same(self, do: Callable[[Broker], T]) -> T:
        expected, actual = (do(broker) for broker in self.brokers)
        assert expected == actual
        return expected

    def same_of(self, worker: str, do: Callable[[Driver], T]) -> T:
        expected, actual = (do(driver) for driver in self.workers[worker])
        assert expected == actual
        return expected

    def later(self, seconds: int) -> int:
        self.deferred += 1
        return seconds + self.deferred

    def one_of_known(self, number: int) -> str:
        return self.known[number % len(self.known)] if self.known else "unknown"

    # --- what enqueues -------------------------------------------------------------------------

    @initialize()
    def begin_with_work(self) -> None:
        self.push(["a", "b"] * 4, 0, None, 60_000)
        self.push(["a", "b"], 1, 1_000, 60_000)
        self.reserve("w1", "ab", 1, 3)
        self.reserve("w2", "ba", 2, 2)

    @rule(
        queues=st.lists(QUEUES, min_size=1, max_size=4),
        priority=st.sampled_from([-1, 0, 1]),
        ahead=st.none() | SECONDS,
        kept=st.sampled_from([0, 3_000, 60_000]),
    )
    def push(self, queues: list[str], priority: int, ahead: int | None, kept: int) -> None:
        jobs = [
            make_job(
                id=f"{len(self.known) + n:04d}",
                queue=queue,
                priority=priority,
                run_at=ahead and self.clock.now() + self.later(ahead),
                result_ttl=kept,
            )
            for n, queue in enumerate(queues)
        ]
        self.known += [job.id for job in jobs]
        self.same(lambda broker: broker.push(jobs))

    @rule(number=NUMBERS)
    def push_again(self, number: int) -> None:
        job = make_job(id=self.one_of_known(number), queue="b", priority=1)
        self.same(lambda broker: broker.push([job]))

    @rule(last=st.sampled_from([None, 1, 2]), tick=st.sampled_from([1, 2]), skipped=st.booleans())
    def claim_tick(self, last: int | None, tick: int, skipped: bool) -> None:
        job = None if skipped else make_job(id=f"tick-{self.clock.now() - START}-{tick}")
        self.same(lambda broker: broker.claim_tick("hourly", last, tick, job))

    # --- what workers do -------------------------------------------------------------------------

    @rule(
        worker=WORKERS,
        queues=st.sampled_from(["a", "b", "ab", "ba"]),
        quota=st.integers(0, 3),
        limit=st.integers(1, 6),
    )
    def reserve(self, worker: str, queues: str, quota: int, limit: int) -> None:
        shares = [Share(queue, quota) for queue in queues]
        answer = self.same_of(worker, lambda it: it.reserve(*shares, limit=limit))
        self.claims[worker] += answer.claims

    @rule(worker=WORKERS, ends=st.lists(ENDS, min_size=2, max_size=5), limit=st.integers(0, 3))
    def settle_and_reserve(self, worker: str, ends: list[End], limit: int) -> None:
        claims = self.claims[worker]
        settlements = [
            retrying(claim, self.later(4_000)) if end is retrying else end(claim)
            for claim, end in zip(claims, ends, strict=False)
        ]
        answer = self.same_of(
            worker, lambda it: it.reserve("a", "b", limit=limit, settlements=settlements)
        )
        self.settled[worker] += claims[: len(ends)]
        self.claims[worker] = claims[len(ends) :] + list(answer.claims)

    @rule(worker=WORKERS, other=WORKERS, end=ENDS)
    def settle_what_is_not_held(self, worker: str, other: str, end: End) -> None:
        settlements = [end(claim) for claim in self.settled[other][-3:]]
        self.same_of(worker, lambda it: it.settle(*settlements))

    @rule(witness=WORKERS)
    def all_but_one_vanish(self, witness: str) -> None:
        self.heartbeat(witness, 0)
        self.clock.advance(21_000)
        self.heartbeat(witness, 0)

    @rule(worker=WORKERS)
    def repeat(self, worker: str) -> None:
        if self.workers[worker][0].has_called:
            self.same_of(worker, lambda it: (it.repeat().claims, it.repeat().refused))

    @rule(worker=WORKERS, succeeded=st.integers(0, 2))
    def heartbeat(self, worker: str, succeeded: int) -> None:
        def beat(driver: Driver) -> tuple[object, ...]:
            pulse = driver.heartbeat(succeeded=succeeded)
            return pulse.lost, pulse.order, sorted(pulse.recovered), sorted(pulse.buried)

        self.same_of(worker, beat)

    @rule()
    def leave(self) -> None:
        self.same_of("w3", lambda it: it.leave())

    @rule(milliseconds=SECONDS)
    def time_goes_by(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds)

    # --- what operators do -----------------------------------------------------------------------

    @rule(verb=st.sampled_from(["retry", "cancel", "delete"]), number=NUMBERS)
    def repair(self, verb: str, number: int) -> None:
        job_id = self.one_of_known(number)
        self.same(lambda broker: getattr(broker.inspection, verb)(job_id))

    @rule(verb=st.sampled_from(["resume", "pause", "clear"]), queue=QUEUES)
    def care_for_a_queue(self, verb: str, queue: str) -> None:
        self.same(lambda broker: getattr(broker.inspection, verb)(queue))

    @rule(worker=WORKERS, order=st.sampled_from(Order))
    def order(self, worker: str, order: Order) -> None:
        self.same(lambda broker: broker.inspection.order(worker, order))

    # --- what everybody sees ---------------------------------------------------------------------

    @invariant()
    def all_that_can_be_seen_is_the_same(self) -> None:
        self.same(lambda broker: dict(broker.inspection.counts()))
        self.same(lambda broker: broker.inspection.queues())
        self.same(lambda broker: broker.inspection.workers())
        self.same(lambda broker: broker.inspection.totals())
        self.same(lambda broker: dict(broker.ticks()))
        for state in State:
            self.same(partial(listing, state=state))


def listing(broker: Broker, state: State) -> list[Record]:
    records = list(broker.inspection.jobs(state, limit=1_000))
    return sorted(records, key=lambda record: record.job.id) if state in UNORDERED else records


def test_both_brokers_behave_the_same(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        run_state_machine_as_test(
            partial(BothBrokers, redis_url, client),  # type: ignore[arg-type]  # called, no more
            settings=settings(
                max_examples=30,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                report_multiple_bugs=False,
                # Shrinking takes minutes here; whoever wants it adds Phase.shrink.
                phases=[Phase.generate],
            ),
        )
