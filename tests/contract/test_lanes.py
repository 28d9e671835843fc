"""A worker may have a call under way on each of its lanes."""

from __future__ import annotations

from collections.abc import Sequence

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import Answer, Call, Lane, Reservation, Share
from django_jobs.jobs.records import Settlement, State
from tests.support.driver import Driver, ids, make_jobs, succeeded


def send(
    broker: Broker, lane: Lane, number: int, limit: int, settlements: Sequence[Settlement] = ()
) -> Answer:
    return broker.send("w1", Call(number, [Share("default", limit)], limit, settlements, lane))


def test_two_calls_under_way_bring_jobs_in_order(broker: Broker) -> None:
    jobs = make_jobs(5)
    broker.push(jobs)

    first = send(broker, Lane.FIRST, 1, 2)
    second = send(broker, Lane.SECOND, 1, 2)

    assert ids(first().claims) == ids(jobs[:2])
    assert ids(second().claims) == ids(jobs[2:4])


def test_a_repeated_call_brings_what_came_on_its_lane(broker: Broker) -> None:
    broker.push(make_jobs(6))
    answers = [send(broker, lane, 1, 2)() for lane in Lane]
    assert len({claim.job.id for answer in answers for claim in answer.claims}) == 6

    assert [send(broker, lane, 1, 2)() for lane in Lane] == answers


def test_what_one_lane_brought_is_settled_on_another(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push(make_jobs(3))
    claims = send(broker, Lane.FIRST, 1, 2)().claims

    answer = send(broker, Lane.SECOND, 1, 1, [succeeded(claim) for claim in claims])()

    assert (len(answer.claims), answer.refused) == (1, ())
    assert inspection.counts()[State.SUCCEEDED] == 2


def test_a_lane_far_ahead_makes_no_call_on_another_too_late(broker: Broker) -> None:
    for number in range(1, 6):
        send(broker, Lane.SECOND, number, 1)()
    broker.push(make_jobs(1))

    assert len(send(broker, Lane.FIRST, 1, 1)().claims) == 1


def test_a_worker_that_left_begins_anew_on_every_lane(broker: Broker, w1: Driver) -> None:
    for lane in Lane:
        assert send(broker, lane, 7, 0)() == Reservation()
    w1.leave()
    broker.push(make_jobs(3))

    assert all(send(broker, lane, 1, 1)().claims for lane in Lane)
