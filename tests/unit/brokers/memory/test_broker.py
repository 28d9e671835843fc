"""The broker in memory takes so many jobs and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.errors import QueueFull
from django_jobs.jobs.records import Job, State
from tests.support.builders import make_job, make_jobs, retrying, succeeded
from tests.support.clock import START
from tests.support.driver import Driver, ids
from tests.support.threads import in_threads
from tests.support.waiting import DEADLINE, NOTHING_HAPPENS


class WaitingPush:
    """A push in a thread of its own, that is known to wait for room."""

    def __init__(self, broker: MemoryBroker, jobs: list[Job]) -> None:
        self._broker = broker
        self._jobs = jobs
        self._done = threading.Event()
        threading.Thread(target=self._push, daemon=True).start()
        assert not self._done.wait(NOTHING_HAPPENS)

    def comes_through(self) -> bool:
        return self._done.wait(DEADLINE)

    def _push(self) -> None:
        self._broker.push(self._jobs)
        self._done.set()


def patient(size: int) -> MemoryBroker:
    """A broker whose pushes wait for longer than any test."""
    return MemoryBroker(max_queued=size, full_timeout=10 * DEADLINE)


def hasty(size: int) -> MemoryBroker:
    return MemoryBroker(max_queued=size, full_timeout=0.01)


def count(broker: MemoryBroker) -> int:
    return sum(broker.inspection.counts().values())


def test_it_takes_as_many_jobs_as_it_may() -> None:
    broker = hasty(5)

    broker.push(make_jobs(5))

    assert count(broker) == 5


def test_one_job_too_many_is_refused_with_words_that_help() -> None:
    broker = hasty(5)
    broker.push(make_jobs(5))

    with pytest.raises(QueueFull, match=r"5 jobs .*max_queued.*full_timeout.*JOB_BACKEND=redis"):
        broker.push([make_job()])

    assert count(broker) == 5


def test_a_push_that_does_not_fit_stores_nothing() -> None:
    broker = hasty(5)
    broker.push(make_jobs(3))

    with pytest.raises(QueueFull):
        broker.push(make_jobs(3))

    assert count(broker) == 3
    broker.push(make_jobs(2))


def test_a_push_that_can_never_fit_is_refused_without_waiting() -> None:
    broker = patient(5)

    def push(_: int) -> None:
        with pytest.raises(QueueFull):
            broker.push(make_jobs(6))

    in_threads(1, push)


def test_jobs_of_all_queues_and_times_take_room() -> None:
    broker = hasty(3)
    broker.push([make_job(), make_job(queue="b"), make_job(run_at=10 * START)])

    with pytest.raises(QueueFull):
        broker.push([make_job(queue="c")])


def test_jobs_that_are_known_already_need_no_room() -> None:
    broker = hasty(2)
    jobs = make_jobs(2)
    broker.push(jobs)

    broker.push(jobs)

    assert count(broker) == 2


def test_running_and_ended_jobs_take_no_room() -> None:
    broker = hasty(2)
    worker = Driver(broker)
    broker.push(make_jobs(2))
    first, _ = worker.take(2)
    worker.settle(succeeded(first))

    broker.push(make_jobs(2))

    assert broker.inspection.counts()[State.QUEUED] == 2


def test_what_workers_bring_back_is_never_refused() -> None:
    broker = hasty(2)
    worker = Driver(broker)
    broker.push(make_jobs(2))
    first, _ = worker.take(2)
    broker.push(make_jobs(2))

    assert worker.settle(retrying(first, delay=60_000)).refused == ()
    worker.close()

    assert broker.inspection.counts()[State.QUEUED] == 3
    assert broker.inspection.counts()[State.RETRYING] == 1


def take(broker: MemoryBroker, _: Job) -> None:
    Driver(broker).take_one()


def cancel(broker: MemoryBroker, job: Job) -> None:
    broker.inspection.cancel(job.id)


def delete(broker: MemoryBroker, job: Job) -> None:
    broker.inspection.delete(job.id)


def clear(broker: MemoryBroker, job: Job) -> None:
    broker.inspection.clear(job.queue)


@pytest.mark.parametrize("make_room", [take, cancel, delete, clear])
def test_a_push_that_waits_comes_through_when_there_is_room(
    make_room: Callable[[MemoryBroker, Job], None],
) -> None:
    broker = patient(1)
    waiting, coming = make_jobs(2)
    broker.push([waiting])
    push = WaitingPush(broker, [coming])

    make_room(broker, waiting)

    assert push.comes_through()
    assert ids(Driver(broker, "w2").take(5)) == [coming.id]


def test_of_several_pushes_that_wait_those_that_fit_come_through() -> None:
    broker = patient(4)
    worker = Driver(broker)
    broker.push(make_jobs(4))
    pushes = [WaitingPush(broker, make_jobs(2)) for _ in range(2)]

    worker.take(4)

    assert all(push.comes_through() for push in pushes)
    assert broker.inspection.counts()[State.QUEUED] == 4
