"""Limits with many keys, many queues and many jobs at once."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import LISTED_PER_CALL, LOOKED_AT_PER_CALL
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.limits import JobLimit, LimitKind, limit_id
from tests.support.builders import limited, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, ids

MAIL = limit_id(LimitKind.LIMIT, "mail")


def mail(n: int, value: str = "") -> JobLimit:
    return JobLimit("mail", n, value=value)


def test_slots_of_many_lost_jobs_are_freed(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    """Lua unpacks no more than 8000 values at once."""
    broker.push([limited(f"a{n:05}", mail(9000)) for n in range(8100)])
    for _ in range(9):
        w1.take(900)

    w1.vanish(clock, noticed_by=w2)
    w2.take_all_back()

    assert broker.inspection.limits.read(MAIL, [""])[0].used == 0
    check_with_doctor(broker)


def test_keys_of_many_lost_jobs_are_given_to_those_that_wait(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    number = 4200
    broker.push([limited(f"a{n:05}", mail(1, str(n))) for n in range(number)])
    broker.push([limited(f"b{n:05}", mail(1, str(n))) for n in range(number)])
    for _ in range(5):
        w1.take(900)
    for _ in range(20):
        w1.take(300)

    w1.vanish(clock, noticed_by=w2)
    w2.take_all_back()

    assert broker.inspection.limits.read(MAIL, ["7"])[0].used == 0
    check_with_doctor(broker)


def test_all_keys_of_a_resumed_limit_are_looked_at_soon(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([limited("first", mail(1, "first"))])
    w1.settle(succeeded(w1.take_one()))
    inspection.limits.pause(MAIL)
    number = 3 * LOOKED_AT_PER_CALL
    broker.push([limited(f"p{n}", mail(1, f"p{n:05}"), queue="other") for n in range(number)])
    broker.push([limited("z", mail(1, "z"))])
    for _ in range(10):
        w1.take(number, "other", "default")
    inspection.pause("other")

    inspection.limits.resume(MAIL)

    for _ in range(5):
        if claims := w1.take(5):
            break
        assert w1.exchange(limit=0).due_in == 0
    assert ids(claims) == ["z"]


def test_a_slot_of_a_limit_that_many_queues_share_reaches_each_of_them(
    broker: Broker, w1: Driver
) -> None:
    queues = [f"q{n:04}" for n in range(2 * LISTED_PER_CALL + 10)]
    broker.push([limited("first", mail(1), queue="q0000")])
    claim = w1.take_one("q0000")
    broker.push([limited(f"j-{queue}", mail(1), queue=queue) for queue in queues])
    for first in range(0, len(queues), 250):
        assert w1.take(250, *queues[first : first + 250]) == ()

    w1.settle(succeeded(claim))

    runs = []
    for queue in reversed(queues):
        for _ in range(3):
            claims = w1.take(1, queue)
            runs += ids(claims)
            w1.settle(*map(succeeded, claims))
    assert sorted(runs) == [f"j-{queue}" for queue in queues]
