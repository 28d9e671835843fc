"""A store that went back in time, as after a power cut or a failover: no job stays away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.support.builders import given_back, make_jobs, retrying, succeeded
from tests.support.driver import Driver, found, ids


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
    broker.push(make_jobs(3))
    one, two, three = worker.take(3)
    forget = go_back()
    worker.settle(succeeded(one))
    worker.settle(retrying(two))
    forget()

    worker.heartbeat()

    assert {claim.job.id for claim in other.take(3)} == {one.job.id, two.job.id}
    assert worker.settle(succeeded(three)).refused == ()
    assert found(broker.inspection, three.job.id).state is State.SUCCEEDED
    assert worker.settle(succeeded(one)).refused == (one.job.id,)


def test_jobs_whose_claim_was_forgotten_are_given_again(
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

    worker.heartbeat()

    assert ids(worker.take(2)) == ids(jobs)
    assert broker.inspection.counts()[State.RUNNING] == 2


def test_a_worker_that_lost_nothing_keeps_its_jobs(broker: RedisBroker, go_back: GoBack) -> None:
    worker = Driver(broker, "w1")
    broker.push(make_jobs(2))
    (first,) = worker.take(1)
    forget = go_back()
    worker.take(1)
    forget()

    worker.heartbeat()

    assert worker.settle(succeeded(first)).refused == ()


def test_a_claim_that_was_forgotten_does_not_settle_the_next_one_of_its_job(
    broker: RedisBroker, go_back: GoBack
) -> None:
    """The server gives out the same token twice."""
    worker = Driver(broker, "w1")
    broker.push(make_jobs(1))
    worker.heartbeat()
    forget = go_back()
    (forgotten,) = worker.take(1)
    forget()
    (again,) = worker.take(1)
    assert forgotten.token == again.token

    assert worker.settle(given_back(forgotten)).refused == (forgotten.job.id,)

    worker.heartbeat()
    assert worker.settle(succeeded(again)).refused == ()


def test_a_worker_whose_lease_was_forgotten_begins_another_one(
    broker: RedisBroker, go_back: GoBack
) -> None:
    worker = Driver(broker, "w1")
    forget = go_back()
    worker.heartbeat()
    forget()
    jobs = make_jobs(2)
    broker.push(jobs)

    assert worker.exchange("default", limit=2).must_beat

    worker.heartbeat()
    assert ids(worker.take(2)) == ids(jobs)
