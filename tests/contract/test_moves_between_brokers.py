"""Jobs are moved from one broker to another: none is lost or runs twice, even after a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.moving import BrokerMove
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerError
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Lock, OnConflict, State
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import make_job, make_jobs, retrying, succeeded
from tests.support.clock import MOVABLE_CLOCK, Clock
from tests.support.driver import Driver, check_with_doctor, found, ids

RESUMED = "default (moving to b)"


class Killed(BaseException):
    """The process that moves jobs is gone."""


class Interrupted:
    """An inspection that kills its process before or after one of its calls.

    Args:
        countdown: the number of calls until then, which several inspections share.
    """

    def __init__(self, inspection: Inspection, countdown: list[int], *, after: bool) -> None:
        self._inspection = inspection
        self._countdown = countdown
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inspection, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self._countdown[0] -= 1
            if self._countdown[0] <= 0 and not self._after:
                raise Killed
            answer = method(*arguments, **options)
            if self._countdown[0] <= 0:
                raise Killed
            return answer

        return call


class Meddled:
    """An inspection that does something once before or after one of its calls."""

    def __init__(
        self, inspection: Inspection, call: str, meddle: Callable[[], object], *, after: bool
    ) -> None:
        self._inspection = inspection
        self._call = call
        self._meddle = [meddle]
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inspection, name)
        if name != self._call or not self._meddle:
            return method

        def call(*arguments: Any, **options: Any) -> Any:
            if not self._after:
                self._meddle.pop()()
            answer = method(*arguments, **options)
            if self._after:
                self._meddle.pop()()
            return answer

        return call


@pytest.fixture
def target(broker: Broker, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Another broker of the same kind."""
    if isinstance(broker, MemoryBroker):
        other: Broker = MemoryBroker(now=clock.now, max_queued=100_000)
    else:
        url = request.getfixturevalue("redis_url")
        other = RedisBroker(url, clock=MOVABLE_CLOCK, namespace="second")
    yield other
    other.close()


def way(source: Any, target: Any) -> BrokerMove:
    return BrokerMove(source=source, target=target, source_name="a", target_name="b")


def move_all(move: BrokerMove, job_ids: list[str], queue: str = "default") -> int:
    with move.alone():
        moved = move.finish()
        moved += move.move(job_ids, "default", queue)
        move.tidy_up()
    return moved.number


def fill(broker: Broker, clock: Clock) -> list[str]:
    """Push jobs in each of the waiting states; their results are not kept."""
    worker = Driver(broker, new_job_id())
    jobs = make_jobs(3, result_ttl=0)
    scheduled = make_job(run_at=clock.now() + 60_000, result_ttl=0)
    broker.push([*jobs, scheduled])
    worker.settle(retrying(worker.take_one(), delay=60_000))
    worker.close()
    return [*(job.id for job in jobs), scheduled.id]


def run_all(broker: Broker) -> list[str]:
    """Run what a worker of every queue may take, now and when everything is due."""
    worker = Driver(broker, new_job_id())
    ran = []
    while claims := worker.take(100, *broker.inspection.queue_names()):
        worker.settle(*map(succeeded, claims))
        ran += ids(claims)
    worker.close()
    return ran


def test_jobs_in_each_waiting_state_run_at_the_target_only(
    broker: Broker, target: Broker, clock: Clock
) -> None:
    job_ids = fill(broker, clock)

    assert move_all(way(broker.inspection, target.inspection), job_ids, "low") == 4

    clock.advance(60_000)
    assert run_all(broker) == []
    claims = Driver(target, "w2").take(10, "low")
    assert sorted(ids(claims)) == sorted(job_ids)
    assert sorted(claim.attempt for claim in claims) == [1, 1, 1, 2]


def test_nothing_is_left_of_the_move(broker: Broker, target: Broker, clock: Clock) -> None:
    move_all(way(broker.inspection, target.inspection), fill(broker, clock))

    for each in (broker, target):
        check_with_doctor(each)
        assert [queue.name for queue in each.inspection.queues() if queue.paused] == []
    assert sum(broker.inspection.counts().values()) == 0
    assert target.inspection.hold_moves("another", 1)


def test_a_running_job_stays(broker: Broker, target: Broker) -> None:
    job = make_job()
    broker.push([job])
    Driver(broker).take_one()

    assert move_all(way(broker.inspection, target.inspection), [job.id]) == 0

    assert target.inspection.find(job.id) is None


@pytest.mark.parametrize("kind", ["member", "node", "callback"])
def test_jobs_of_batches_and_workflows_stay(
    broker: Broker, target: Broker, inspection: Inspection, kind: str
) -> None:
    job = make_job(id="a", batch="" if kind == "callback" else "b1")
    callbacks = {BatchEvent.END: job} if kind == "callback" else {}
    broker.batches.open(NewBatch(id="b1", is_workflow=kind == "node", callbacks=callbacks))
    if kind == "node":
        waiting = make_job(id="b", batch="b1")
        edges = (Edge(EdgeKind.SUCCESS, "a"),)
        broker.batches.add_nodes("b1", [NewNode(job), NewNode(waiting, edges)])
        broker.batches.close("b1")
    elif kind == "member":
        broker.batches.add([job], Membership("b1"))

    assert move_all(way(inspection, target.inspection), ["a", "b"]) == 0

    assert found(inspection, "a").job.queue == "default"
    assert not any(target.inspection.counts().values())
    check_with_doctor(broker)


def test_jobs_go_back_if_both_brokers_are_the_same_store(broker: Broker, clock: Clock) -> None:
    job_ids = fill(broker, clock)
    move = way(broker.inspection, broker.inspection)

    with move.alone():
        moved = move.move(job_ids, "default", "default")
        move.tidy_up()

    assert (moved.number, sorted(moved.known)) == (0, sorted(job_ids))
    clock.advance(60_000)
    assert sorted(run_all(broker)) == sorted(job_ids)


def test_a_second_process_is_refused(broker: Broker, target: Broker) -> None:
    with (
        way(broker.inspection, target.inspection).alone(),
        pytest.raises(BrokerError, match="are being moved by another process"),
        way(broker.inspection, target.inspection).alone(),
    ):
        pytest.fail("two processes move jobs")


def calls_of_a_move(broker: Broker, target: Broker, clock: Clock) -> int:
    countdown = [10_000]
    move_all(
        way(
            Interrupted(broker.inspection, countdown, after=False),
            Interrupted(target.inspection, countdown, after=False),
        ),
        fill(broker, clock),
    )
    return 10_000 - countdown[0]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("workers_run_in_between", [False, True])
def test_a_move_that_is_killed_anywhere_can_be_repeated(
    broker: Broker, target: Broker, clock: Clock, after: bool, workers_run_in_between: bool
) -> None:
    """Each job runs exactly once, whether or not workers run before the move is repeated."""
    calls = calls_of_a_move(broker, target, clock)
    clock.advance(60_000)
    run_all(target)
    assert calls > 10
    for point in range(1, calls + 1):
        job_ids = fill(broker, clock)
        countdown = [point]
        killed = way(
            Interrupted(broker.inspection, countdown, after=after),
            Interrupted(target.inspection, countdown, after=after),
        )
        with pytest.raises(Killed):
            move_all(killed, job_ids)
        broker.inspection.hold_moves(killed._owner, 0)  # noqa: SLF001 (its time is over)
        ran: Counter[str] = Counter()
        if workers_run_in_between:
            clock.advance(60_000)
            ran.update(run_all(broker))
            ran.update(run_all(target))

        move_all(way(broker.inspection, target.inspection), job_ids)

        clock.advance(60_000)
        ran.update(run_all(broker))
        ran.update(run_all(target))
        assert ran == Counter(job_ids), f"killed at call {point}"
        check_with_doctor(broker)
        check_with_doctor(target)


def test_a_job_that_was_released_by_an_operator_runs_at_the_source_only(
    broker: Broker, target: Broker, clock: Clock
) -> None:
    job_ids = fill(broker, clock)
    broker.inspection.move(job_ids, "default", RESUMED, held=True)
    target.inspection.adopt(broker.inspection.read_whole(job_ids), "default (moving from a)")
    broker.inspection.resume(RESUMED)
    clock.advance(60_000)
    ran = Driver(broker).take(10, RESUMED)
    assert sorted(ids(ran)) == sorted(job_ids)

    move_all(way(broker.inspection, target.inspection), [])

    assert sum(target.inspection.counts().values()) == 0


MOMENTS = pytest.mark.parametrize(
    ("call", "after"), [("read_whole", False), ("read_whole", True), ("apply", False)]
)
"""Before a job is read, before its copy is stored, and before it is deleted."""


@MOMENTS
@pytest.mark.parametrize("delay", [0, 30_000])
def test_a_call_that_replaces_a_job_on_its_way_runs_once(
    broker: Broker, target: Broker, clock: Clock, call: str, after: bool, delay: int
) -> None:
    lock = Lock("d1", on_conflict=OnConflict.REPLACE)
    run_at = clock.now() + delay
    older = make_job(lock=lock, run_at=run_at)
    newer = make_job(lock=lock, run_at=run_at, arguments='{"args":[2],"kwargs":{}}')
    broker.push([older])

    def replace() -> None:
        assert broker.push([newer]) == [older.id]

    source = Meddled(broker.inspection, call, replace, after=after)

    assert move_all(way(source, target.inspection), [older.id]) == 0

    clock.advance(delay)
    assert run_all(target) == []
    claim = Driver(broker, new_job_id()).take_one()
    assert (claim.job.id, claim.job.arguments) == (older.id, newer.arguments)
    check_with_doctor(broker)
    check_with_doctor(target)


@MOMENTS
def test_a_job_that_is_cancelled_on_its_way_does_not_run(
    broker: Broker, target: Broker, call: str, after: bool
) -> None:
    job = make_job()
    broker.push([job])
    source = Meddled(broker.inspection, call, lambda: broker.inspection.cancel(job.id), after=after)

    assert move_all(way(source, target.inspection), [job.id]) == 0

    assert found(broker.inspection, job.id).state is State.DISCARDED
    assert run_all(target) == []
    check_with_doctor(broker)
    check_with_doctor(target)


def test_a_job_that_an_operator_runs_now_on_its_way_is_moved(
    broker: Broker, target: Broker, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 60_000)
    broker.push([job])
    source = Meddled(
        broker.inspection, "apply", lambda: broker.inspection.retry(job.id), after=False
    )

    assert move_all(way(source, target.inspection), [job.id]) == 1

    assert run_all(broker) == []
    assert run_all(target) == [job.id]
