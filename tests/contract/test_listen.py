"""A listen blocks until there may be a job, and brings it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Queue

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Reply
from tests.support.builders import make_job, make_jobs, retrying, succeeded
from tests.support.driver import Driver, ids, taking
from tests.support.waiting import DEADLINE, NOTHING_HAPPENS

LONG = 10 * DEADLINE


class Listener:
    """A worker that listens in a thread of its own."""

    def __init__(self, broker: Broker, *queues: str) -> None:
        self.worker = Driver(broker, "listener")
        self.worker.heartbeat()
        self._take = taking("default", "low", limit=5)._replace(queues=queues)
        self._replies: Queue[Reply] = Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def reply(self) -> Reply:
        return self._replies.get(timeout=DEADLINE)

    def still_listens(self) -> bool:
        self._thread.join(NOTHING_HAPPENS)
        return self._thread.is_alive()

    def end(self) -> None:
        self.worker.session.interrupt()
        self._thread.join(DEADLINE)

    def _listen(self) -> None:
        self._replies.put(self.worker.session.listen(self._take, LONG))


StartListener = Callable[..., Listener]


@pytest.fixture
def listener(broker: Broker) -> Iterator[StartListener]:
    started: list[Listener] = []

    def start(*queues: str) -> Listener:
        started.append(Listener(broker, *queues))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.mark.parametrize("queues", [("default", "low"), ()])
def test_it_brings_the_job_that_ends_it(
    broker: Broker, listener: StartListener, queues: tuple[str, ...]
) -> None:
    listening = listener(*queues)
    assert listening.still_listens()
    job = make_job(queue="low")

    broker.push([job])

    assert ids(listening.reply().claims) == [job.id]


def test_it_brings_jobs_that_were_there_before_at_once(
    broker: Broker, listener: StartListener
) -> None:
    jobs = make_jobs(2)
    broker.push(jobs)

    assert ids(listener("default").reply().claims) == ids(jobs)


def test_an_interrupted_listen_brings_nothing(listener: StartListener) -> None:
    listening = listener("default")
    assert listening.still_listens()

    listening.worker.session.interrupt()

    assert listening.reply() == Reply()


def test_a_listen_whose_time_is_over_brings_nothing(w1: Driver) -> None:
    assert w1.listen("default", seconds=0.05) == Reply()


def test_attempts_that_end_during_a_listen_are_settled_by_an_exchange(
    broker: Broker, listener: StartListener
) -> None:
    listening = listener("low")
    broker.push(make_jobs(2))
    good, again = listening.worker.take(2)

    reply = listening.worker.settle(succeeded(good), retrying(again, delay=60_000))

    assert (reply.refused, reply.due_in) == ((), 60_000)
    assert listening.still_listens()
    job = make_job(queue="low")
    broker.push([job])
    assert ids(listening.reply().claims) == [job.id]


def test_an_exchange_during_a_listen_that_makes_a_job_ready_wakes_it(
    broker: Broker, listener: StartListener
) -> None:
    listening = listener("default", "low")
    broker.push([make_job(queue="elsewhere")])
    (claim,) = listening.worker.take(1, "elsewhere")
    assert listening.still_listens()
    job = make_job(run_at=broker.now() - 1)

    broker.push([job])

    assert ids(listening.reply().claims) == [job.id]
    assert listening.worker.settle(succeeded(claim)).refused == ()
