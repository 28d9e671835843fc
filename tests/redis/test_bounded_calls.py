"""No call holds Redis up, however many jobs it meets that it cannot claim."""

from __future__ import annotations

from django_jobs.brokers.constants import (
    CANCELLED_PER_CALL,
    EDGES_FOR_BATCH,
    EDGES_PER_CALL,
    POSTPONED_PER_CALL,
    REAPED_PER_CALL,
)
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import JOB_FORMAT, State
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, ids, past_lease


def test_a_call_puts_so_many_jobs_of_a_later_release_aside_and_the_next_goes_on(
    broker: RedisBroker, w1: Driver
) -> None:
    later = [make_job(format=JOB_FORMAT + 1) for _ in range(2 * POSTPONED_PER_CALL)]
    known = make_job()
    broker.push([*later, known])

    assert w1.take(1) == ()
    assert broker.inspection.counts()[State.SCHEDULED] == POSTPONED_PER_CALL

    assert w1.take(1) == ()
    assert ids(w1.take(1)) == [known.id]
    assert broker.inspection.counts()[State.SCHEDULED] == 2 * POSTPONED_PER_CALL


def test_a_worker_that_listens_is_woken_again_for_the_rest(broker: RedisBroker, w1: Driver) -> None:
    later = [make_job(format=JOB_FORMAT + 1) for _ in range(POSTPONED_PER_CALL)]
    known = make_job()
    broker.push([*later, known])

    assert w1.listen("default").claims == ()

    assert ids(w1.listen("default").claims) == [known.id]


def test_a_heartbeat_takes_back_the_jobs_of_a_few_vanished_workers_and_the_next_ones_go_on(
    broker: RedisBroker, clock: Clock
) -> None:
    held = REAPED_PER_CALL // 2 + 1
    broker.push(make_jobs(5 * held))
    for number in range(5):
        assert len(Driver(broker, f"gone {number}").take(held)) == held
    clock.advance(past_lease(broker))
    other = Driver(broker, "other")

    taken_back = [len(other.heartbeat().recovered) for _ in range(4)]

    assert taken_back == [2 * held, 2 * held, held, 0]
    assert broker.inspection.counts()[State.QUEUED] == 5 * held


def test_a_heartbeat_ends_some_of_the_cancelled_jobs_that_came_back(
    broker: RedisBroker, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(CANCELLED_PER_CALL + 1))
    for claim in w1.take(CANCELLED_PER_CALL + 1):
        broker.inspection.cancel(claim.job.id)
    w1.close()

    w2.heartbeat()
    assert broker.inspection.counts()[State.DISCARDED] == CANCELLED_PER_CALL

    w2.heartbeat()
    assert broker.inspection.counts()[State.DISCARDED] == CANCELLED_PER_CALL + 1


def test_a_call_that_ends_many_batches_starts_few_callbacks_and_the_next_goes_on(
    broker: RedisBroker, w1: Driver
) -> None:
    names = [f"b{number}" for number in range(EDGES_PER_CALL // EDGES_FOR_BATCH)]
    for name in names:
        callback = make_job(queue="callbacks")
        broker.batches.open(NewBatch(id=name, callbacks={BatchEvent.SUCCESS: callback}))
        broker.batches.add([make_job(batch=name)], Membership(name))
        broker.batches.close(name)

    reply = w1.settle(*map(succeeded, w1.take(len(names))))

    assert 0 < broker.inspection.counts()[State.QUEUED] < len(names)
    assert reply.due_in == 0
    assert len(w1.take(len(names), "callbacks")) == len(names)
