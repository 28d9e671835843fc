"""A Redis that is full refuses new jobs, and nothing that helps to get through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.records import State
from django_jobs.jobs.ticks import Tick
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, START, Clock
from tests.support.driver import Driver, one_in_each_state, past_lease
from tests.support.redis_server import RedisServer


class FullRedis:
    """A Redis of its own, with a broker, that a test fills."""

    def __init__(self, server: RedisServer, clock: Clock) -> None:
        self.client = redis.Redis.from_url(server.url)
        clock.tell(lambda now: self.client.set(CLOCK_KEY, now))
        self.broker = RedisBroker(server.url, clock=MOVABLE_CLOCK)

    def fill(self) -> None:
        self.client.config_set("maxmemory", "1")

    def close(self) -> None:
        self.broker.close()
        self.client.close()


@pytest.fixture
def full_redis(
    redis_server_factory: Callable[..., RedisServer], clock: Clock
) -> Iterator[FullRedis]:
    full_redis = FullRedis(redis_server_factory(), clock)
    yield full_redis
    full_redis.close()


def test_a_worker_whose_lease_ran_out_gets_a_new_one(full_redis: FullRedis, clock: Clock) -> None:
    broker = full_redis.broker
    broker.push(make_jobs(3))
    worker, other = Driver(broker, "w1"), Driver(broker, "w2")
    worker.heartbeat()
    other.heartbeat()
    claim = worker.take_one()
    clock.advance(past_lease(broker))
    full_redis.fill()

    assert not worker.heartbeat().lost

    assert worker.settle(succeeded(claim)).refused == ()
    assert len(worker.take(2)) == 2


def test_jobs_of_a_dead_worker_come_back(full_redis: FullRedis, clock: Clock) -> None:
    broker = full_redis.broker
    broker.push(make_jobs(3))
    worker, other = Driver(broker, "w1"), Driver(broker, "w2")
    other.heartbeat()
    claims = worker.take(3)
    clock.advance(past_lease(broker) - 2)
    other.heartbeat()
    clock.advance(2)
    full_redis.fill()

    assert len(other.heartbeat().recovered) == len(claims)


def orders(broker: Broker) -> dict[str, Callable[[], object]]:
    """What an operator may want of a Redis that is full, and a worker that stops."""
    worker = Driver(broker, "w1")
    worker.heartbeat()
    made = one_in_each_state(broker, worker, Clock())
    broker.batches.open(NewBatch(id="batch"))
    read = broker.inspection
    return {
        "pause": lambda: read.pause("default"),
        "pause_a_queue_without_jobs": lambda: read.pause("nothing"),
        "resume": lambda: read.resume("default"),
        "quiet": lambda: read.command_worker("w1", WorkerCommand.QUIET),
        "switch_off": lambda: read.switch_off("report"),
        "switch_on": lambda: read.switch_on("report"),
        "retry": lambda: read.retry(made[State.DEAD]),
        "cancel": lambda: read.cancel(made[State.SCHEDULED]),
        "cancel_running": lambda: read.cancel(made[State.RUNNING]),
        "cancel_batch": lambda: broker.batches.cancel("batch"),
        "close_batch": lambda: broker.batches.close("batch"),
        "delete": lambda: read.delete(made[State.SUCCEEDED]),
        "apply": lambda: read.apply(JobAction.DELETE, []),
        "clear": lambda: read.clear("default"),
        "look": lambda: (read.counts(), read.queues(), read.workers(), broker.ticks()),
        "interrupt": broker.session("w1").interrupt,
        "close": broker.session("w1").close,
    }


@pytest.mark.parametrize(
    "name",
    [
        *("pause", "pause_a_queue_without_jobs", "resume", "quiet", "switch_off", "switch_on"),
        *("retry", "cancel", "cancel_running", "cancel_batch", "close_batch", "delete", "apply"),
        *("clear", "look", "interrupt", "close"),
    ],
)
def test_what_frees_it_is_not_refused(full_redis: FullRedis, name: str) -> None:
    order = orders(full_redis.broker)[name]
    full_redis.fill()

    order()


def test_new_jobs_are_refused(full_redis: FullRedis) -> None:
    broker = full_redis.broker
    full_redis.fill()

    with pytest.raises(BrokerRefused, match="is full and stored nothing"):
        broker.push(make_jobs(1))
    with pytest.raises(BrokerRefused, match="is full and stored nothing"):
        broker.claim_ticks([Tick("report", None, START, make_job())])

    assert sum(broker.inspection.counts().values()) == 0
    assert dict(broker.ticks()) == {}
