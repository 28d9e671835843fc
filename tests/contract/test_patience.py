"""A call with patience waits, and brings what it waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from queue import Queue

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Call, Patience, Reservation, Share
from tests.support.driver import (
    DEADLINE,
    NOTHING_HAPPENS,
    Driver,
    ids,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)

LONG = 10 * DEADLINE


class Patient:
    """A worker whose calls wait, in a thread of its own."""

    def __init__(self, broker: Broker, queues: Collection[str]) -> None:
        self.id = "patient"
        self._broker = broker
        self._queues = queues
        self._answers: Queue[Reservation] = Queue()
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()

    def answer(self) -> Reservation:
        return self._answers.get(timeout=DEADLINE)

    def still_waits(self) -> bool:
        self._thread.join(NOTHING_HAPPENS)
        return self._thread.is_alive()

    def end(self) -> None:
        self._broker.rouse(self.id)
        self._thread.join(DEADLINE)

    def _call(self) -> None:
        shares = [Share(queue, 5) for queue in ("default", "low")]
        patience = Patience(self._queues, LONG)
        self._answers.put(self._broker.reserve(self.id, Call(1, shares, 5), patience))


StartPatient = Callable[..., Patient]


@pytest.fixture
def patient(broker: Broker) -> Iterator[StartPatient]:
    started: list[Patient] = []

    def start(*queues: str) -> Patient:
        started.append(Patient(broker, queues))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.mark.parametrize("queues", [("default", "low"), ()])
def test_it_brings_the_job_that_ends_its_wait(
    broker: Broker, patient: StartPatient, queues: tuple[str, ...]
) -> None:
    waiting = patient(*queues)
    assert waiting.still_waits()
    job = make_job(queue="low")

    broker.push([job])

    assert ids(waiting.answer().claims) == [job.id]


def test_it_brings_what_was_there_before_at_once(broker: Broker, patient: StartPatient) -> None:
    jobs = make_jobs(2)
    broker.push(jobs)

    assert ids(patient("default").answer().claims) == ids(jobs)


def test_who_is_roused_gets_an_answer_without_jobs(broker: Broker, patient: StartPatient) -> None:
    waiting = patient("default")
    assert waiting.still_waits()

    broker.rouse(waiting.id)

    assert waiting.answer() == Reservation()


def test_a_patience_that_is_over_brings_nothing(broker: Broker, w1: Driver) -> None:
    call = Call(next(w1.calls), [Share("default", 1)], 1)
    answer = broker.reserve(w1.id, call, Patience(["default"], 0.05))

    assert answer == Reservation()


def test_the_call_again_without_patience_brings_the_same(
    broker: Broker, patient: StartPatient
) -> None:
    waiting = patient("default")
    broker.push(make_jobs(2))
    answer = waiting.answer()

    shares = [Share("default", 5), Share("low", 5)]
    assert broker.reserve(waiting.id, Call(1, shares, 5)) == answer


def test_what_ends_while_a_call_waits_is_settled_apart(
    broker: Broker, patient: StartPatient
) -> None:
    me = Driver(broker, "patient")
    broker.push(make_jobs(2))
    good, again = broker.reserve(me.id, Call(0, [Share("default", 2)], 2)).claims
    waiting = patient("default")
    assert waiting.still_waits()

    answer = me.settle(succeeded(good), retrying(again, delay=60_000))

    assert (answer.refused, answer.due_in) == ((), 60_000)
    assert me.repeat() == answer
    assert waiting.still_waits()
    job = make_job()
    broker.push([job])
    assert ids(waiting.answer().claims) == [job.id]


def test_settlements_apart_do_not_make_a_waiting_call_too_late(
    broker: Broker, patient: StartPatient
) -> None:
    waiting = patient("default")
    me = Driver(broker, waiting.id)
    for _ in range(3):
        me.settle()
    job = make_job()

    broker.push([job])

    assert ids(waiting.answer().claims) == [job.id]
