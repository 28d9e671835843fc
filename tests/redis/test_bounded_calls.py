"""No call holds Redis up, however many jobs it meets that it cannot claim."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.constants import (
    CANCELLED_PER_CALL,
    DEAD_KEPT,
    DUE_PER_CALL,
    EDGES_FOR_BATCH,
    EDGES_PER_CALL,
    GIVEN_BACK_PER_CALL,
    POSTPONED_PER_CALL,
    REAPED_PER_CALL,
    STARTS_CORRECTED,
    SWEEP,
    TICKS_PER_CALL,
)
from django_jobs.brokers.redis import RedisBroker
from django_jobs.brokers.redis.inspection import CLEAR_PORTION
from django_jobs.errors import WrongKeyType
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import JOB_FORMAT, State
from django_jobs.jobs.ticks import Tick
from tests.support.builders import dead, limited, make_job, make_jobs, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, ids, past_lease


def calls_of_scripts(client: redis.Redis) -> int:
    """Return how many scripts have run that were loaded before."""
    return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])


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


def test_a_heartbeat_takes_back_some_jobs_of_vanished_workers_and_the_next_ones_go_on(
    broker: RedisBroker, clock: Clock
) -> None:
    held = REAPED_PER_CALL // 2 + 10
    broker.push(make_jobs(3 * held))
    for number in range(3):
        assert len(Driver(broker, f"gone {number}").take(held)) == held
    clock.advance(past_lease(broker))
    other = Driver(broker, "other")

    taken_back = [len(other.heartbeat().recovered) for _ in range(3)]

    most = REAPED_PER_CALL - 1  # a worker counts as well
    assert taken_back == [most, 3 * held - most, 0]
    assert broker.inspection.counts()[State.QUEUED] == 3 * held


def test_a_vanished_worker_with_many_jobs_that_comes_back_keeps_what_was_not_taken_from_it(
    broker: RedisBroker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(2 * REAPED_PER_CALL))
    claims = w1.take(2 * REAPED_PER_CALL)
    w1.vanish(clock, noticed_by=w2)

    assert w1.heartbeat().lost
    assert not w2.heartbeat().recovered
    reply = w1.settle(*map(succeeded, claims))

    assert len(reply.refused) == REAPED_PER_CALL
    assert broker.inspection.counts()[State.SUCCEEDED] == REAPED_PER_CALL
    assert broker.inspection.counts()[State.QUEUED] == REAPED_PER_CALL
    check_with_doctor(broker)


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


def test_a_worker_that_stops_gives_its_jobs_back_with_several_calls(
    broker: RedisBroker, w1: Driver, w2: Driver, client: redis.Redis
) -> None:
    Driver(broker, "other").close()  # which loads the script
    number = 2 * GIVEN_BACK_PER_CALL + 1
    broker.push(make_jobs(number))
    w1.take(number)
    before = calls_of_scripts(client)

    w1.close()

    assert calls_of_scripts(client) - before == 3
    assert broker.inspection.workers() == ()
    assert len(w2.take(number)) == number
    check_with_doctor(broker)


def test_a_heartbeat_gives_back_some_of_the_jobs_that_its_worker_does_not_know(
    broker: RedisBroker, w1: Driver
) -> None:
    number = GIVEN_BACK_PER_CALL + 1
    broker.push(make_jobs(number))
    w1.take(number)
    forgetful = Driver(broker, w1.id)
    for _ in range(2):
        forgetful.settle()  # under the tags of the calls that took the jobs

    forgetful.heartbeat()
    assert broker.inspection.counts()[State.QUEUED] == GIVEN_BACK_PER_CALL

    forgetful.heartbeat()
    assert broker.inspection.counts()[State.QUEUED] == number


def test_a_call_queues_some_of_the_jobs_that_are_due_and_the_next_goes_on(
    broker: RedisBroker, clock: Clock, w1: Driver
) -> None:
    number = DUE_PER_CALL + 1
    broker.push(make_jobs(number))
    w1.settle(*(retrying(claim, delay=1_000) for claim in w1.take(number)))
    broker.push(make_jobs(number, run_at=clock.now() + 1_000))
    clock.advance(1_000)

    assert w1.settle().due_in == 0
    assert broker.inspection.counts()[State.QUEUED] == 2 * DUE_PER_CALL

    assert w1.settle().due_in is None
    assert broker.inspection.counts()[State.QUEUED] == 2 * number


def test_a_queue_is_cleared_with_several_calls(broker: RedisBroker, client: redis.Redis) -> None:
    broker.inspection.clear("default")  # which loads the script
    broker.push(make_jobs(CLEAR_PORTION + 1))
    before = calls_of_scripts(client)

    assert broker.inspection.clear("default") == CLEAR_PORTION + 1

    assert calls_of_scripts(client) - before == 2


def test_a_call_forgets_some_of_the_jobs_above_their_limit_and_the_next_goes_on(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    """As after a repair of the index that lists them."""
    above = {f"gone {number}": number for number in range(DEAD_KEPT + 2 * SWEEP)}
    client.zadd("{jobs}:s:dead", above)
    broker.push(make_jobs(2))

    w1.settle(dead(w1.take_one()))
    assert broker.inspection.counts()[State.DEAD] == DEAD_KEPT + SWEEP

    w1.settle(dead(w1.take_one()))
    assert broker.inspection.counts()[State.DEAD] == DEAD_KEPT


def test_ticks_are_claimed_with_several_calls_also_if_the_first_queue_is_damaged(
    broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    assert broker.claim_ticks([Tick("first", None, clock.now(), None)]) == (True,)
    client.set("{jobs}:q:damaged", "not ours")
    damaged = Tick("damaged", None, clock.now(), make_job(queue="damaged"))
    others = [Tick(f"{n}", None, clock.now(), make_job()) for n in range(2 * TICKS_PER_CALL)]
    before = calls_of_scripts(client)

    with pytest.raises(WrongKeyType):
        broker.claim_ticks([damaged, *others])

    assert calls_of_scripts(client) - before == 3
    assert broker.ticks().keys() == {"first", *(tick.name for tick in others)}


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


def test_a_heartbeat_corrects_some_of_the_starts_under_a_clock_that_was_ahead(
    broker: RedisBroker, client: redis.Redis, clock: Clock, w1: Driver
) -> None:
    number, minute = 2 * STARTS_CORRECTED + 1, 60_000
    limit = JobLimit("mail", number, per=minute)
    starts = f"{{jobs}}:r:{limit.key}"
    w1.heartbeat()
    client.rpush(starts, *[clock.now() + 3_600_000] * number)
    broker.push([limited("a", limit)])
    assert w1.take(1) == ()

    for corrected in (STARTS_CORRECTED, 2 * STARTS_CORRECTED, number):
        w1.heartbeat()
        assert client.lrange(starts, 0, -1).count(str(clock.now())) == corrected

    clock.advance(minute - 1)
    assert w1.take(1) == ()
    clock.advance(1)
    assert ids(w1.take(1)) == ["a"]
