"""Damaged or excessive data in Redis harms no other job."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import redis

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import MAX_CRASHES
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import Job, State
from tests.support.builders import given_back, make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids, past_lease
from tests.support.idle_workers import use_up_wake_up
from tests.support.redis_server import RedisServer


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


@pytest.mark.parametrize("name", ["d:w1", "m:*"])
def test_a_listen_at_a_key_of_another_type_says_which_key_and_what_to_do(
    name: str, broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    w1.heartbeat()
    client.delete(f"{{jobs}}:{name}")
    client.set(f"{{jobs}}:{name}", "not ours")

    with pytest.raises(BrokerRefused, match=re.escape(f"{{jobs}}:{name}") + ".*jobs doctor"):
        w1.listen(*(() if name == "m:*" else ("default",)), seconds=0.05)

    assert broker.doctor.diagnose(repair=True).is_good
    w1.heartbeat()
    assert ids(w1.take(1)) == [job.id]


def test_a_listen_at_a_damaged_marker_fails_and_the_next_one_does_not(
    broker: Broker, client: redis.Redis, w1: Driver
) -> None:
    w1.listen("other", seconds=0.01)  # from then on, the server knows the script
    broker.push([job := make_job()])
    w1.heartbeat()
    client.delete("{jobs}:m:default")
    client.set("{jobs}:m:default", "not ours")

    with pytest.raises(BrokerRefused, match="jobs doctor"):
        w1.listen("default", seconds=0.05)

    w1.heartbeat()  # gives back what the lost reply had claimed
    assert ids(w1.listen("default", seconds=10).claims) == [job.id]


def test_a_push_to_a_key_of_another_type_stores_nothing(
    broker: Broker, client: redis.Redis
) -> None:
    client.set("{jobs}:q:b", "not ours")

    with pytest.raises(BrokerRefused, match="jobs doctor"):
        broker.push([make_job(queue="a"), make_job(queue="b"), make_job(queue="c")])

    assert sum(broker.inspection.counts().values()) == 0


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
        w2.take_all_back()

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
