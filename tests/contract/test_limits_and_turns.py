"""Jobs that wait for slots in queues with fair turns."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Claim, State, Turn
from tests.support.builders import limit_reached, limited, make_job, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids


def mail(n: int, value: str = "") -> JobLimit:
    return JobLimit("mail", n, value=value)


def test_jobs_that_wait_for_a_slot_count_as_waiting_in_fair_turns(
    broker: Broker, w1: Driver
) -> None:
    """The turns of their keys go on behind them, so that newer jobs do not overtake them."""
    broker.push([limited(name, mail(1, "x"), turn=Turn("x")) for name in ("x0", "x1", "x2")])
    claim = w1.take(5)[0]
    broker.push([limited("x3", mail(1, "x"), turn=Turn("x")), make_job(id="y", turn=Turn("y"))])
    assert ids(w1.take(5)) == ["y"]

    runs = []
    claims: tuple[Claim, ...] = (claim,)
    while claims:
        w1.settle(*map(succeeded, claims))
        claims = w1.take(5)
        runs += ids(claims)
    assert runs == ["x1", "x2", "x3"]
    check_with_doctor(broker)


def test_a_waiting_job_that_is_moved_to_a_queue_with_turns_gets_the_next_turn_of_its_key(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited(name, mail(1), turn=Turn("x")) for name in "ab"])
    claim = w1.take(5)[0]
    broker.push([make_job(id=name, queue="other", turn=Turn(name[0])) for name in ("x1", "y1")])

    assert inspection.move(["b"], "default", "other") == ("b",)

    assert found(inspection, "b").state is State.QUEUED
    w1.settle(succeeded(claim))
    assert ids(w1.take(5, "other")) == ["x1", "y1", "b"]
    check_with_doctor(broker)


def test_a_slot_is_not_kept_for_jobs_of_a_fair_key_whose_turn_is_over(
    broker: Broker, w1: Driver
) -> None:
    """A job that has waited for its slot comes first as soon as it gets one."""
    broker.push([limited(name, mail(1), turn=Turn("x")) for name in ("x0", "x1")])
    claim = w1.take(5)[0]
    broker.push([make_job(id=f"y{n}", turn=Turn("y")) for n in range(4)])
    assert ids(w1.take(2)) == ["y0", "y1"]

    w1.settle(succeeded(claim))

    assert ids(w1.take(5)) == ["x1", "y2", "y3"]


def test_a_job_that_met_a_limit_comes_back_to_the_turns_as_they_are_now(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    """They have begun again since, as the queue was empty."""
    broker.push([limited(f"x{n}", mail(9), turn=Turn("x")) for n in range(5)])
    *others, last = w1.take(5)
    w1.settle(*map(succeeded, others))
    w1.heartbeat()
    broker.push([make_job(id=f"y{n}", turn=Turn("y")) for n in range(5)])

    w1.settle(limit_reached(last, delay=1_000))

    check_with_doctor(broker)
    assert w1.take(1) != ()
    clock.advance(1_000)
    assert ids(w1.take(2)) == ["x4", "y1"]


def test_a_job_that_met_a_limit_comes_back_to_an_empty_queue(broker: Broker, w1: Driver) -> None:
    broker.push([limited("x", mail(9), turn=Turn("x"))])
    claim = w1.take_one()
    w1.heartbeat()

    w1.settle(limit_reached(claim))

    check_with_doctor(broker)
