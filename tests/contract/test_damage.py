"""What is damaged in Redis, or too much of it, harms no other job."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import redis

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import MAX_CRASHES
from django_jobs.brokers.messages import Reply, Take
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused, BrokerUnavailable
from django_jobs.jobs.records import Job, State
from tests.support.builders import given_back, make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids, past_lease, taking
from tests.support.redis_server import RedisServer
from tests.support.waiters import use_up_wake_up


@pytest.fixture
def broker(redis_broker: Broker) -> Broker:
    return redis_broker


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def key(job: Job) -> str:
    return f"{{jobs}}:j:{job.id}"


SPOILT = [
    *(("e", "0.5:1:1::"), ("e", "1e400:1:1::"), ("e", "0:1e3:1::"), ("e", "0:1:1.5::")),
    *(("e", "0:1:-1::"), ("e", "0:1:1:z:"), ("e", "0:1:1::soon"), ("e", "0:1:1:")),
    *(
        ("e", f"0:1:1:{'9' * 15}:"),
        ("e", f"0:1:{'9' * 16}::"),
        ("e", "0::1::"),
        ("e", "1000:1:1::"),
    ),
    *(
        ("e", "0:1:1:-:"),
        ("u", "y"),
        ("u", ""),
        ("n", "1.5"),
        ("n", "9" * 20),
        ("k", "x"),
        ("k", "999999999"),
        ("c", "1.5"),
    ),
]


@pytest.mark.parametrize(("field", "value"), SPOILT)
def test_a_job_with_a_corrupted_number_is_dead_and_the_others_run(
    field: str, value: str, broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    corrupted, sound = make_jobs(2)
    broker.push([corrupted, sound])
    client.hset(key(corrupted), field, value)

    claims = w1.take(2)

    assert ids(claims) == [sound.id]
    assert w1.settle(succeeded(claims[0])).refused == ()
    assert ids(broker.inspection.jobs(State.DEAD)) == [corrupted.id]
    (failure,) = found(broker.inspection, corrupted.id).failures
    assert failure.exception == "django_jobs.errors.BrokenPayload"


@pytest.mark.parametrize("run_at", [None, 1_800_000_000_001])
def test_something_else_under_the_key_of_a_job_takes_no_other_job_along(
    run_at: int | None, broker: Broker, client: redis.Redis, clock: Clock, w1: Driver
) -> None:
    replaced, *others = make_jobs(3, run_at=run_at)
    broker.push([replaced, *others])
    client.delete(key(replaced))
    client.set(key(replaced), "not a hash")
    clock.advance(10)

    assert sorted(ids(w1.take(3))) == sorted(ids(others))


@pytest.mark.parametrize("key_name", ["m:unheard-of", "q:unheard-of", "d:w1"])
def test_something_else_under_a_key_that_nobody_wrote_yet_stops_no_worker(
    key_name: str, broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    w1.heartbeat()
    client.set(f"{{jobs}}:{key_name}", "not ours")
    take = taking("default", "unheard-of", limit=5)._replace(queues=["unheard-of"])

    reply = listen_twice(w1, take)

    assert ids(reply.claims) == [job.id]
    assert client.type(f"{{jobs}}:{key_name}") != "string"


def test_something_else_where_it_stands_what_was_set_aside_takes_no_job_along(
    broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    first, replaced, last = make_jobs(3)
    broker.push([first, replaced, last])
    client.delete(key(replaced))
    client.set(key(replaced), "not a hash")
    client.set("{jobs}:broken", "not a hash")

    assert ids(w1.take(3)) == [first.id, last.id]

    assert client.get("{jobs}:broken:broken") == "not a hash"
    assert set(client.hgetall("{jobs}:broken")) == {"broken", f"j:{replaced.id}"}


def listen_twice(worker: Driver, take: Take) -> Reply:
    """Listen, and if that fails, beat and listen again, as a worker does."""
    try:
        return worker.session.listen(take, 0.05)
    except BrokerUnavailable:
        worker.heartbeat()
        return worker.session.listen(take, 0.05)


def test_a_listen_that_met_something_else_brings_its_jobs_the_next_time(
    redis_server_factory: Callable[..., RedisServer],
) -> None:
    server = redis_server_factory()
    broker = RedisBroker(server.url)
    jobs = make_jobs(2)
    broker.push(jobs)
    worker = Driver(broker)
    worker.heartbeat()
    with redis.Redis.from_url(server.url) as client:
        client.delete("{jobs}:m:*")
        client.set("{jobs}:m:*", "not a list")

        reply = listen_twice(worker, taking("default", limit=5))

        assert ids(reply.claims) == ids(jobs)
    broker.close()


def test_a_listen_that_met_something_that_is_gone_by_then_brings_its_jobs(
    broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    """The marker of a queue that has nothing more is removed, whatever it was."""
    job = make_job()
    broker.push([job])
    w1.heartbeat()
    client.delete("{jobs}:m:default")
    client.set("{jobs}:m:default", "not a list")

    take = taking("default", limit=5)._replace(queues=["default"])
    assert ids(listen_twice(w1, take).claims) == [job.id]


def test_a_claimed_job_that_vanished_can_be_given_back(
    broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    vanished, other = make_jobs(2)
    broker.push([vanished, other])
    claims = w1.take(2)
    client.delete(key(vanished))

    w1.settle(*map(given_back, claims))

    assert ids(w1.take(2)) == [other.id]


def test_a_claimed_job_that_vanished_does_not_keep_its_session_from_closing(
    broker: Broker, client: redis.Redis, w1: Driver, w2: Driver
) -> None:
    vanished, other = make_jobs(2)
    broker.push([vanished, other])
    w1.take(2)
    client.delete(key(vanished))

    w1.close()

    assert ids(w2.take(2)) == [other.id]


def test_a_claimed_job_that_vanished_does_not_stop_the_heartbeats_of_all(
    broker: Broker, client: redis.Redis, clock: Clock, w1: Driver, w2: Driver
) -> None:
    vanished, other = make_jobs(2)
    broker.push([vanished, other])
    w1.take(2)
    client.delete(key(vanished))
    clock.advance(past_lease(broker))

    assert w2.heartbeat().recovered == (other.id,)
    assert not client.exists(key(vanished))


def test_jobs_that_must_run_alone_stay_however_many_they_are(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    number = 4200  # Lua unpacks no more than 8000 values: ids with their places
    for _ in range(0, number, 700):
        broker.push(make_jobs(700))
    for crash in range(1, MAX_CRASHES):
        victim = Driver(broker, f"crashes-{crash}")
        victim.take(number)
        victim.vanish(clock, noticed_by=w2)

    assert len(w1.take(10)) == 1
    assert len(w1.take(10)) == 0
    counts = broker.inspection.counts()
    assert counts[State.QUEUED] == number - 1
    assert counts[State.RUNNING] == 1


def test_a_worker_drains_a_redis_that_is_full(
    redis_server_factory: Callable[..., RedisServer],
) -> None:
    server = redis_server_factory("maxmemory 3mb", "maxmemory-policy noeviction")
    broker = RedisBroker(server.url)
    fill(broker, server)
    waiting = broker.inspection.counts()[State.QUEUED]
    worker = Driver(broker, "w1")

    first = worker.take(waiting // 2)
    use_up_wake_up(broker, "default")
    last = worker.exchange("default", limit=waiting, settlements=list(map(succeeded, first))).claims
    worker.settle(*map(succeeded, last))

    assert len(first) + len(last) == waiting
    broker.push([make_job()])
    broker.close()


def fill(broker: Broker, server: RedisServer) -> None:
    arguments = '{"args":["' + 2000 * "x" + '"],"kwargs":{}}'
    with pytest.raises(BrokerRefused, match="full"):
        again_and_again(lambda: broker.push(make_jobs(10, arguments=arguments, result_ttl=0)))
    # Now the last bytes, which are too few for a job.
    with redis.Redis.from_url(server.url) as client, pytest.raises(redis.OutOfMemoryError):
        again_and_again(lambda: client.append("filling", 100 * "x"))


def again_and_again(step: Callable[[], object]) -> None:
    while True:
        step()


def test_a_worker_that_says_more_than_is_understood_is_listed(
    broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    w1.heartbeat()
    said = json.loads(client.get("{jobs}:w:w1") or "")
    client.set("{jobs}:w:w1", json.dumps({**said, "mood": "of a later release"}))

    (info,) = broker.inspection.workers()

    assert info.id == "w1"


@pytest.mark.parametrize(
    ("stored", "times"),
    [
        ('["a.Error","m","t",5,"w1",1]', (None, None)),
        ('["a.Error","m","t",5,"w1",1,7,9]', (7, 9)),
        ('["a.Error","m","t",5,"w1",1,null,9.0,"of a later release"]', (None, 9)),
        ('["a.Error","m","t",5,"w1",1,"soon",-1]', (None, None)),
        ('["a.Error","m","t",5,"w1",1,1e300,[]]', (None, None)),
    ],
)
def test_a_failure_of_another_release_is_read(
    stored: str,
    times: tuple[int | None, int | None],
    broker: Broker,
    client: redis.Redis,
) -> None:
    job = make_job()
    broker.push([job])
    client.rpush(f"{{jobs}}:e:{job.id}", stored)

    (failure,) = found(broker.inspection, job.id).failures

    assert (failure.exception, failure.attempt) == ("a.Error", 1)
    assert (failure.latency, failure.duration) == times
