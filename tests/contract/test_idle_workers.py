"""A worker without work sleeps until there may be some, and one push wakes one worker."""

from __future__ import annotations

import threading

import pytest

from django_jobs.brokers.base import Broker
from tests.support.builders import make_job, make_jobs
from tests.support.driver import Driver, ids
from tests.support.idle_workers import IdleWorker, StartIdleWorker
from tests.support.threads import in_threads
from tests.support.waiting import DEADLINE, NOTHING_HAPPENS


def test_listening_ends_after_its_timeout(w1: Driver) -> None:
    in_threads(1, lambda _: w1.listen("default", seconds=0.05))


@pytest.mark.parametrize("queues", [["default"], []])
def test_a_timeout_of_zero_does_not_block(w1: Driver, queues: list[str]) -> None:
    in_threads(1, lambda _: w1.listen(*queues, seconds=0))


def test_a_push_wakes_a_waiting_worker(broker: Broker, idle_worker: StartIdleWorker) -> None:
    worker = idle_worker("default")
    assert worker.stays_asleep()

    broker.push([make_job()])

    assert worker.is_woken()


def test_a_push_before_the_wait_is_not_missed(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    assert w1.take(5) == ()
    broker.push([make_job()])

    assert idle_worker("default").is_woken()


def test_a_push_to_another_queue_wakes_nobody(broker: Broker, idle_worker: StartIdleWorker) -> None:
    worker = idle_worker("a", "b")

    broker.push([make_job(queue="c")])

    assert worker.stays_asleep()
    broker.push([make_job(queue="b")])
    assert worker.is_woken()


def test_a_worker_of_every_queue_is_woken_by_each(
    broker: Broker, idle_worker: StartIdleWorker
) -> None:
    worker = idle_worker()

    broker.push([make_job(queue="never seen before")])

    assert worker.is_woken()


def test_a_worker_of_every_queue_does_not_miss_a_push_before_it_listens(
    broker: Broker, idle_worker: StartIdleWorker
) -> None:
    broker.push([make_job(queue="a")])

    assert idle_worker().is_woken()


def test_one_push_wakes_one_of_three(broker: Broker, idle_worker: StartIdleWorker) -> None:
    workers = [idle_worker("default") for _ in range(3)]

    broker.push([make_job()])

    assert woken(workers) == 1


def test_one_push_wakes_one_of_three_that_serve_every_queue(
    broker: Broker, idle_worker: StartIdleWorker
) -> None:
    workers = [idle_worker() for _ in range(3)]

    broker.push([make_job()])

    assert woken(workers) == 1


def test_many_pushes_while_nobody_waits_leave_one_wake_up(
    broker: Broker, idle_worker: StartIdleWorker
) -> None:
    for _ in range(10):
        broker.push([make_job()])

    assert woken([idle_worker("default") for _ in range(3)]) == 1


def test_a_push_to_two_queues_wakes_a_worker_of_either(
    broker: Broker, idle_worker: StartIdleWorker
) -> None:
    a, b = idle_worker("a"), idle_worker("b")

    broker.push([make_job(queue="a"), make_job(queue="b")])

    assert a.is_woken()
    assert b.is_woken()


def test_a_call_that_claims_nothing_passes_the_wake_up_on(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    workers = [idle_worker("default") for _ in range(2)]
    broker.push(make_jobs(2))
    assert woken(workers) == 1

    w1.exchange("default", limit=0)

    assert all(worker.is_woken() for worker in workers)


def test_a_call_that_leaves_jobs_wakes_the_next(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push(make_jobs(3))
    assert idle_worker("default").is_woken()

    w1.take(1)

    assert idle_worker("default").is_woken()


def test_a_call_that_leaves_nothing_wakes_nobody(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push(make_jobs(2))
    assert idle_worker("default").is_woken()

    w1.take(2)

    assert idle_worker("default").stays_asleep()


def test_three_idle_workers_share_one_bulk_push(broker: Broker) -> None:
    claims: list[str] = []
    idle = threading.Barrier(4)

    def work(index: int) -> None:
        if index == 3:
            idle.wait(DEADLINE)
            broker.push(jobs)
            return
        worker = Driver(broker, f"idle-{index}")
        assert worker.take(1) == ()
        idle.wait(DEADLINE)
        while not (taken := worker.listen("default", seconds=DEADLINE).claims):
            pass
        claims.extend(ids(taken))

    jobs = make_jobs(3)
    in_threads(4, work)

    assert sorted(claims) == sorted(ids(jobs))


def woken(workers: list[IdleWorker]) -> int:
    """How many are woken, when at least one is and the others had a moment to follow."""
    watched = threading.Event()
    deadline = DEADLINE
    while not any(worker.woken for worker in workers) and deadline > 0:
        watched.wait(0.01)
        deadline -= 0.01
    watched.wait(NOTHING_HAPPENS)
    return sum(worker.woken for worker in workers)
