"""A store that went back in time, as after a power cut or a failover: no job stays away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from django_jobs.brokers.messages import Call, Lane, Share
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import Claim, State
from tests.support.driver import Driver, found, ids, make_jobs, retrying, succeeded


@pytest.fixture
def broker(redis_url: str) -> Iterator[RedisBroker]:
    broker = RedisBroker(redis_url)
    yield broker
    broker.close()


@pytest.fixture
def go_back(redis_url: str) -> Iterator[Callable[[], Callable[[], None]]]:
    """Remembers what Redis holds; calling what it returns makes Redis forget all later."""
    with redis.Redis.from_url(redis_url) as client:

        def remember() -> Callable[[], None]:
            held = {key: client.dump(key) for key in client.scan_iter()}

            def forget() -> None:
                client.flushall()
                for key, value in held.items():
                    client.restore(key, 0, value)

            return forget

        yield remember


GoBack = Callable[[], Callable[[], None]]


def test_jobs_whose_ends_were_forgotten_are_run_again(broker: RedisBroker, go_back: GoBack) -> None:
    worker, other = Driver(broker, "w1"), Driver(broker, "w2")
    jobs = make_jobs(3)
    broker.push(jobs)
    one, two, three = worker.take(3)
    forget = go_back()
    worker.settle(succeeded(one))
    worker.settle(retrying(two))
    forget()

    # What the next call says is known; of the rest neither side knows how it ended.
    assert worker.settle(succeeded(three)).refused == ()

    assert found(broker.inspection, three.job.id).state is State.SUCCEEDED
    assert {claim.job.id for claim in other.take(3)} == {one.job.id, two.job.id}
    assert worker.settle(succeeded(one)).refused == (one.job.id,)


def test_jobs_whose_reservation_was_forgotten_are_given_again(
    broker: RedisBroker, go_back: GoBack
) -> None:
    worker = Driver(broker, "w1")
    jobs = make_jobs(2)
    broker.push(jobs)
    (first,) = worker.take(1)
    forget = go_back()
    worker.take(1)
    worker.settle(succeeded(first))
    forget()

    assert ids(worker.take(2)) == ids(jobs)
    assert broker.inspection.counts()[State.RUNNING] == 2


def test_a_worker_that_lost_nothing_keeps_its_jobs(broker: RedisBroker, go_back: GoBack) -> None:
    worker = Driver(broker, "w1")
    broker.push(make_jobs(2))
    (first,) = worker.take(1)
    forget = go_back()
    (second,) = worker.take(1)
    forget()

    # The call whose effect was forgotten is sent again, as its answer was lost with it.
    assert ids(worker.repeat().claims) == [second.job.id]
    assert worker.settle(succeeded(first)).refused == ()


def test_what_was_forgotten_on_two_lanes_is_given_back_once(
    broker: RedisBroker, go_back: GoBack
) -> None:
    worker = Driver(broker, "w1")
    jobs = make_jobs(4)
    broker.push(jobs)
    first, second, _ = worker.take(3)
    forget = go_back()
    worker.settle(succeeded(first))
    worker.take(1)
    forget()

    assert worker.settle(succeeded(second)).refused == ()
    claims = worker.take(4)
    assert {claim.job.id for claim in claims} == {job.id for job in jobs} - {second.job.id}
    assert broker.inspection.counts()[State.QUEUED] == 0

    assert worker.take(4) == ()
    assert worker.settle(*map(succeeded, claims)).refused == ()


def test_who_forgot_what_came_on_one_lane_leaves_the_other_alone_once(
    broker: RedisBroker, go_back: GoBack
) -> None:
    def take(lane: Lane, number: int) -> tuple[Claim, ...]:
        return broker.reserve("w1", Call(number, [Share("default", 1)], 1, lane=lane)).claims

    jobs = make_jobs(4)
    broker.push(jobs)
    forget = go_back()
    take(Lane.FIRST, 1)
    take(Lane.SECOND, 1)
    forget()

    assert ids(take(Lane.SECOND, 2)) == [jobs[0].id]
    # It is excused, so that it does not give back what the other one has just brought.
    assert ids(take(Lane.FIRST, 2)) == [jobs[1].id]
    assert broker.inspection.counts()[State.RUNNING] == 2


def test_a_worker_that_came_back_keeps_the_numbers_of_each_lane(
    broker: RedisBroker, redis_url: str
) -> None:
    worker = Driver(broker, "w1")
    for lane in Lane:
        broker.reserve("w1", Call(1, [], 0, lane=lane))
    worker.heartbeat()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        leases = next(client.scan_iter("*:leases"))
        client.zadd(leases, {"w1": 1})
        Driver(broker, "w2").heartbeat()  # which is not late itself: it was never there
        names = [name for lane in Lane for name in client.scan_iter(f"*:{lane}:w1")]
        assert all(client.ttl(name) > 0 for name in names)

        assert worker.heartbeat().lost

        assert [client.ttl(name) for name in names] == [-1] * len(Lane)


@pytest.mark.xfail(
    strict=True,
    reason="Redis takes a late copy of a call for a new one once it has forgotten the worker's"
    " calls. It claims jobs of which the worker never hears, and heartbeats keep them there, as"
    " nothing compares what Redis gave a worker with what the worker knows.",
)
def test_a_late_copy_of_a_call_hides_no_jobs_after_all_was_wiped(
    broker: RedisBroker, redis_url: str
) -> None:
    worker, other = Driver(broker, "w1"), Driver(broker, "w2")
    worker.heartbeat()
    for _ in range(3):
        worker.take(150)
    late = worker.repeat
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    worker.heartbeat()
    other.heartbeat()
    broker.push(make_jobs(150))

    late()  # its connection is gone, so nobody hears the answer
    claims = worker.take(150)
    worker.heartbeat()
    other.heartbeat()

    assert len(claims) + len(other.take(150)) == 150
