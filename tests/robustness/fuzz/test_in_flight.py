"""Entries of jobs in flight that were edited by hand, and their jobs, come back nevertheless."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.support.driver import Clock, Driver, ids, make_job, make_jobs, past_lease

SPOILT_ENTRIES = ["", "x", "::::", "1:nan:0:0:1", f"1:{'9' * 400}:0:0:1", b"\xff\xfe"]
SPOILT_CRASHES = ["x", "1.5", "9223372036854775807", b"\xff"]


def take_and_vanish(broker: RedisBroker) -> tuple[str, str]:
    """Let a worker take two jobs and never be heard of again."""
    spoilt, sound = make_jobs(2)
    broker.push([spoilt, sound])
    assert len(Driver(broker, "gone").take(2)) == 2
    return spoilt.id, sound.id


@pytest.mark.parametrize("value", SPOILT_ENTRIES)
def test_a_spoilt_entry_in_flight_comes_back_after_the_lease(
    value: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    spoilt, sound = take_and_vanish(broker)
    client.hset("{jobs}:f:gone", spoilt, value)
    clock.advance(past_lease(broker))
    other = Driver(broker, "w1")

    assert sorted(other.heartbeat().recovered) == sorted([spoilt, sound])
    assert sorted(ids(other.take(2))) == sorted([spoilt, sound])


@pytest.mark.parametrize("value", SPOILT_ENTRIES)
def test_a_spoilt_entry_in_flight_comes_back_when_its_worker_leaves(
    value: str, broker: RedisBroker, client: redis.Redis
) -> None:
    spoilt, sound = take_and_vanish(broker)
    client.hset("{jobs}:f:gone", spoilt, value)

    broker.leave("gone")

    assert sorted(ids(Driver(broker, "w1").take(2))) == sorted([spoilt, sound])


@pytest.mark.parametrize("value", SPOILT_CRASHES)
def test_a_spoilt_count_of_crashes_stops_no_heartbeats(
    value: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    spoilt, sound = take_and_vanish(broker)
    client.hset("{jobs}:j:" + spoilt, "c", value)
    clock.advance(past_lease(broker))
    other = Driver(broker, "w1")

    assert sound in other.heartbeat().recovered
    assert ids(other.take(2)) == [sound]
    assert ids(broker.inspection.jobs(State.DEAD)) == [spoilt]


@pytest.mark.parametrize("value", ["x", "1.5", b"\xff"])
def test_spoilt_totals_stop_no_heartbeats(
    value: str, broker: RedisBroker, client: redis.Redis
) -> None:
    worker = Driver(broker, "w1")
    client.hset("{jobs}:totals", mapping={"succeeded": value, "failed": value})

    worker.heartbeat(succeeded=3, failed=2)
    worker.heartbeat(succeeded=1, failed=0)

    assert client.hgetall("{jobs}:totals") == {b"succeeded": b"4", b"failed": b"2"}


def test_an_order_that_nobody_knows_is_none(broker: RedisBroker, client: redis.Redis) -> None:
    worker = Driver(broker, "w1")
    client.hset("{jobs}:orders", "w1", "dance")

    assert worker.heartbeat().order is None


@pytest.mark.parametrize("key", ["f:gone", "e:{id}"])
def test_another_type_of_key_stops_no_heartbeats(
    key: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    spoilt, _ = take_and_vanish(broker)
    client.hset("{jobs}:j:" + spoilt, "c", 2)  # this crash is its third: it is buried
    key = "{jobs}:" + key.format(id=spoilt)
    client.delete(key)
    client.set(key, "not ours")
    clock.advance(past_lease(broker))
    broker.push([good := make_job(priority=100)])
    other = Driver(broker, "w1")

    other.heartbeat()

    assert ids(other.take(1)) == [good.id]
