"""Reserving takes the right jobs in the right order."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import QueueQuota
from django_jobs.jobs.records import State
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids


def test_an_empty_broker_gives_nothing(w1: Driver) -> None:
    reservation = w1.exchange("default", limit=10)

    assert (reservation.claims, reservation.refused, reservation.due_in) == ((), (), None)


def test_a_claim_tells_all_that_a_worker_needs(broker: Broker, w1: Driver, clock: Clock) -> None:
    job = make_job(
        arguments="[1]", overrides='{"timeout":5}', signature="kG3x", metadata='{"trace":"1"}'
    )
    broker.push([job])
    clock.advance(250)

    claim = w1.take_one()

    assert (claim.job, claim.attempt, claim.claimed_at) == (job, 1, clock.now())


def test_a_claimed_job_is_running(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push([make_job()])

    claim = w1.take_one()

    record = found(inspection, claim.job.id)
    assert (record.state, record.attempts, record.workers) == (State.RUNNING, 1, ("w1",))
    assert record.finished_at is None


def test_a_claimed_job_is_given_to_nobody_else(broker: Broker, w1: Driver, w2: Driver) -> None:
    broker.push(make_jobs(1))
    w1.take_one()

    assert w1.take(5) == ()
    assert w2.take(5) == ()


def test_jobs_of_one_priority_start_in_the_order_of_their_arrival(
    broker: Broker, w1: Driver
) -> None:
    jobs = make_jobs(3)
    for job in jobs:
        broker.push([job])

    assert ids(w1.take(2) + w1.take(2)) == ids(jobs)


def test_the_higher_priority_goes_first(broker: Broker, w1: Driver) -> None:
    jobs = {priority: make_job(priority=priority) for priority in (0, -100, 100, -1, 7)}
    broker.push(list(jobs.values()))

    assert [claim.job.priority for claim in w1.take(9)] == [100, 7, 0, -1, -100]


def test_jobs_of_one_priority_run_in_the_order_of_their_arrival(broker: Broker, w1: Driver) -> None:
    low, high = make_jobs(60, priority=-3), make_jobs(60, priority=3)
    broker.push([job for pair in zip(low, high, strict=True) for job in pair])

    assert ids(w1.take(200)) == ids(high) + ids(low)


def test_a_priority_holds_in_its_queue_only(broker: Broker, w1: Driver) -> None:
    urgent, calm = make_job(queue="b", priority=100), make_job(queue="a", priority=-100)
    broker.push([urgent, calm])

    assert ids(w1.take(2, "a", "b")) == [calm.id, urgent.id]


def test_no_more_than_the_limit_is_given(broker: Broker, w1: Driver) -> None:
    broker.push(make_jobs(5))

    assert len(w1.take(3)) == 3
    assert len(w1.take(3)) == 2


def test_a_limit_of_zero_claims_nothing(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.push(make_jobs(2))

    assert w1.take(0) == ()
    assert inspection.counts()[State.QUEUED] == 2


def test_without_shares_nothing_is_claimed(broker: Broker, w1: Driver) -> None:
    broker.push(make_jobs(2))

    assert w1.exchange(limit=10).claims == ()


def test_only_the_queues_of_the_shares_give_jobs(broker: Broker, w1: Driver) -> None:
    broker.push([make_job(queue="other"), make_job(queue="default2")])

    assert w1.take(5) == ()


def test_an_unknown_queue_gives_nothing(broker: Broker, w1: Driver) -> None:
    job = make_job()
    broker.push([job])

    assert ids(w1.take(5, "never used", "default")) == [job.id]


def test_each_queue_gives_its_quota_in_the_order_of_the_shares(broker: Broker, w1: Driver) -> None:
    a, b = make_jobs(5, queue="a"), make_jobs(5, queue="b")
    broker.push(a + b)

    claims = w1.exchange(QueueQuota("b", 1), QueueQuota("a", 2), limit=3).claims

    assert ids(claims) == [b[0].id, a[0].id, a[1].id]


def test_a_second_round_without_quotas_fills_up_to_the_limit(broker: Broker, w1: Driver) -> None:
    a, b = make_jobs(4, queue="a"), make_jobs(2, queue="b")
    broker.push(a + b)

    claims = w1.exchange(QueueQuota("a", 1), QueueQuota("b", 1), limit=5).claims

    assert ids(claims) == [a[0].id, b[0].id, a[1].id, a[2].id, a[3].id]


def test_the_next_queue_fills_what_one_queue_lacks(broker: Broker, w1: Driver) -> None:
    a, b = make_jobs(1, queue="a"), make_jobs(6, queue="b")
    broker.push(a + b)

    claims = w1.exchange(QueueQuota("a", 3), QueueQuota("b", 1), limit=5).claims

    assert ids(claims) == ids(a) + ids(b[:4])


def test_the_limit_holds_in_the_first_round_too(broker: Broker, w1: Driver) -> None:
    a = make_jobs(5, queue="a")
    broker.push([*a, *make_jobs(5, queue="b")])

    assert ids(w1.exchange(QueueQuota("a", 4), QueueQuota("b", 4), limit=3).claims) == ids(a[:3])


def test_a_quota_of_zero_has_its_turn_in_the_second_round(broker: Broker, w1: Driver) -> None:
    a, b = make_jobs(2, queue="a"), make_jobs(2, queue="b")
    broker.push(a + b)

    claims = w1.exchange(QueueQuota("a", 0), QueueQuota("b", 1), limit=3).claims

    assert ids(claims) == [b[0].id, a[0].id, a[1].id]


def test_a_paused_queue_gives_nothing_in_either_round(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    b = make_jobs(1, queue="b")
    broker.push([*make_jobs(3, queue="a"), *b])
    inspection.pause("a")

    assert ids(w1.exchange(QueueQuota("a", 2), QueueQuota("b", 1), limit=5).claims) == ids(b)


def test_one_call_settles_and_claims(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    first, second = make_jobs(2)
    broker.push([first, second])
    claim = w1.take_one()

    reservation = w1.exchange("default", settlements=[succeeded(claim)])

    assert ids(reservation.claims) == [second.id]
    assert reservation.refused == ()
    record = found(inspection, first.id)
    assert record.state is State.SUCCEEDED
