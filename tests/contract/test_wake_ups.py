"""Whatever makes jobs ready wakes a worker for them, and nothing else does."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import Call, Order, Patience, Share
from tests.contract.conftest import WaiterFactory
from tests.support.driver import (
    Clock,
    Driver,
    claim_tick,
    given_back,
    make_job,
    make_jobs,
    succeeded,
)


def test_a_scheduled_job_wakes_a_worker_so_that_it_knows_when_to_come(
    broker: Broker, waiter: WaiterFactory, clock: Clock
) -> None:
    """Else idle workers would sleep over it: none of them has heard of its time."""
    sleeper = waiter("default")

    broker.push([make_job(run_at=clock.now() + 1_000)])

    assert sleeper.is_woken()


def test_a_job_that_became_due_wakes_a_worker(
    broker: Broker, w1: Driver, waiter: WaiterFactory, clock: Clock
) -> None:
    broker.push([make_job(run_at=clock.now() + 1_000)])
    calm_down(broker, w1)
    sleeper = waiter("default")
    assert sleeper.stays_asleep()

    clock.advance(1_000)
    w1.reserve("default", limit=0)

    assert sleeper.is_woken()


def test_a_job_that_became_due_in_a_queue_of_others_wakes_a_worker_of_theirs(
    broker: Broker, w1: Driver, waiter: WaiterFactory, clock: Clock
) -> None:
    broker.push([make_job(queue="theirs", run_at=clock.now() + 1_000)])
    calm_down(broker, w1, "theirs")
    sleeper = waiter("theirs")

    clock.advance(1_000)
    w1.reserve("ours", limit=1)

    assert sleeper.is_woken()


def test_a_job_given_back_wakes_a_worker(broker: Broker, w1: Driver, waiter: WaiterFactory) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    calm_down(broker, w1)
    sleeper = waiter("default")

    w1.settle(given_back(claim))

    assert sleeper.is_woken()


def test_the_jobs_of_a_worker_that_leaves_wake_another(
    broker: Broker, w1: Driver, w2: Driver, waiter: WaiterFactory
) -> None:
    broker.push([make_job()])
    w1.take_one()
    calm_down(broker, w2)
    sleeper = waiter("default")

    w1.leave()

    assert sleeper.is_woken()


def test_the_jobs_of_a_worker_that_vanished_wake_another(
    broker: Broker, w1: Driver, w2: Driver, waiter: WaiterFactory, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.take_one()
    calm_down(broker, w2)
    sleeper = waiter("default")

    w1.vanish(clock, noticed_by=w2)

    assert sleeper.is_woken()


def test_the_job_of_a_tick_wakes_a_worker(broker: Broker, waiter: WaiterFactory) -> None:
    sleeper = waiter("default")

    claim_tick(broker, "hourly", None, 1, make_job())

    assert sleeper.is_woken()


def test_a_job_that_an_operator_retries_wakes_a_worker(
    broker: Broker, inspection: Inspection, w1: Driver, waiter: WaiterFactory, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 60_000)
    broker.push([job])
    calm_down(broker, w1)
    sleeper = waiter("default")

    inspection.retry(job.id)

    assert sleeper.is_woken()


def test_a_paused_queue_wakes_nobody_until_it_is_resumed(
    broker: Broker, inspection: Inspection, w1: Driver, waiter: WaiterFactory
) -> None:
    """Else idle workers would turn in circles around jobs that none of them may take."""
    broker.push(make_jobs(2))
    inspection.pause("default")
    calm_down(broker, w1)
    w1.take(1)
    sleeper = waiter("default")
    assert sleeper.stays_asleep()

    inspection.resume("default")

    assert sleeper.is_woken()


def test_a_job_that_must_run_alone_does_not_keep_its_worker_turning_in_circles(
    broker: Broker, w1: Driver, w2: Driver, waiter: WaiterFactory, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    assert len(w1.take(2)) == 1

    for _ in range(3):
        broker.wait(["default"], 0.05)
        assert w1.take(1) == ()

    assert waiter("default").stays_asleep()


def test_what_had_to_be_left_alone_wakes_a_worker_when_it_need_not_any_more(
    broker: Broker, w1: Driver, w2: Driver, waiter: WaiterFactory, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    (suspect,) = w1.take(2)
    calm_down(broker, w1)
    sleeper = waiter("default")
    assert sleeper.stays_asleep()

    w1.settle(succeeded(suspect))

    assert sleeper.is_woken()


def test_heartbeats_wake_nobody(broker: Broker, w1: Driver, waiter: WaiterFactory) -> None:
    w1.heartbeat()
    sleeper = waiter("default")

    w1.heartbeat()
    broker.inspection.order("w1", Order.QUIET)
    w1.heartbeat()

    assert sleeper.stays_asleep()


@pytest.mark.parametrize("queues", [["default"], []])
@pytest.mark.parametrize("ahead", [None, 60_000])
@pytest.mark.parametrize("late", [False, True])
def test_a_call_that_comes_again_takes_no_wake_up_along(
    late: bool,
    ahead: int | None,
    queues: list[str],
    broker: Broker,
    w1: Driver,
    waiter: WaiterFactory,
    clock: Clock,
) -> None:
    """Its wait may have ended for a job that came only after the call was answered."""
    broker.push([make_job()])
    w1.take_one()
    if late:
        w1.reserve("default", limit=0)
    broker.wait(queues, 0.05)
    broker.push([make_job(run_at=ahead and clock.now() + ahead)])

    broker.reserve("w1", Call(1, [Share("default", 1)], 1), Patience(queues, 5))

    assert waiter(*queues).is_woken()


def test_a_call_that_comes_again_announces_no_paused_queue(
    broker: Broker, inspection: Inspection, w1: Driver, waiter: WaiterFactory
) -> None:
    broker.push(make_jobs(2))
    w1.take_one()
    inspection.pause("default")
    calm_down(broker, w1)

    broker.reserve("w1", Call(1, [Share("default", 1), Share("nobody-knows", 1)], 1))

    sleeper = waiter("default", "nobody-knows")
    assert sleeper.stays_asleep()
    assert [queue.name for queue in inspection.queues()] == ["default"]
    inspection.resume("default")
    assert sleeper.is_woken()


@pytest.mark.parametrize("queues", [["default"], []])
def test_a_worker_that_stops_ends_its_own_wait_and_takes_no_wake_up_along(
    broker: Broker, waiter: WaiterFactory, queues: list[str]
) -> None:
    stopping = waiter(*queues, worker="stopping")
    assert stopping.stays_asleep()

    broker.rouse("stopping")

    assert stopping.is_woken()
    other = waiter(*queues, worker="other")
    assert other.stays_asleep()
    broker.push([make_job()])
    assert other.is_woken()


@pytest.mark.parametrize("queues", [["default"], []])
def test_a_worker_that_stops_leaves_those_of_its_queues_asleep(
    broker: Broker, waiter: WaiterFactory, queues: list[str]
) -> None:
    other = waiter(*queues, worker="other")

    broker.rouse("stopping")

    assert other.stays_asleep()
    assert waiter(*queues, worker="stopping").is_woken()


def test_a_wait_that_begins_only_after_the_stop_ends_at_once(
    broker: Broker, waiter: WaiterFactory
) -> None:
    broker.rouse("stopping")

    assert waiter("default", worker="stopping").is_woken()


def test_a_worker_that_left_may_wait_again(broker: Broker, waiter: WaiterFactory) -> None:
    broker.rouse("stopping")
    broker.leave("stopping")

    assert waiter("default", worker="stopping").stays_asleep()


def calm_down(broker: Broker, worker: Driver, queue: str = "default") -> None:
    """Use up wake-ups that are left over, as a worker in its loop does."""
    for _ in range(2):
        broker.wait([queue], 0.05)
        worker.reserve(queue, limit=0)
    broker.wait([queue], 0.05)
