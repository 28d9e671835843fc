"""Entries of jobs in flight that were edited by hand, and their jobs, come back nevertheless."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.support.builders import make_jobs
from tests.support.clock import Clock
from tests.support.driver import Driver, ids, past_lease

SPOILT_ENTRIES = ["", "x", "::::", "1:1:nan:0:0", f"1:1:{'9' * 400}:0:0", b"\xff\xfe"]
SPOILT_CRASHES = ["x", "1.5", "9223372036854775807", b"\xff"]


def take_and_vanish(broker: RedisBroker) -> tuple[str, str]:
    """Claim two jobs in a worker that is never heard of again."""
    return take(Driver(broker, "gone"))


def take(worker: Driver) -> tuple[str, str]:
    """Claim two jobs in a worker, and return their ids."""
    corrupted, sound = make_jobs(2)
    worker.broker.push([corrupted, sound])
    assert len(worker.take(2)) == 2
    return corrupted.id, sound.id


@pytest.mark.parametrize("value", SPOILT_ENTRIES)
def test_a_corrupted_entry_in_flight_comes_back_after_the_lease(
    value: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    corrupted, sound = take_and_vanish(broker)
    client.hset("{jobs}:f:gone", corrupted, value)
    clock.advance(past_lease(broker))
    other = Driver(broker, "w1")

    assert sorted(other.heartbeat().recovered) == sorted([corrupted, sound])
    assert sorted(ids(other.take(2))) == sorted([corrupted, sound])


@pytest.mark.parametrize("value", SPOILT_ENTRIES)
def test_a_corrupted_entry_in_flight_comes_back_with_the_next_heartbeat(
    value: str, broker: RedisBroker, client: redis.Redis
) -> None:
    """Its worker could not settle it any more."""
    worker = Driver(broker, "w1")
    corrupted, _ = take(worker)
    client.hset("{jobs}:f:w1", corrupted, value)

    worker.heartbeat()

    assert ids(Driver(broker, "w2").take(2)) == [corrupted]


@pytest.mark.parametrize("value", SPOILT_ENTRIES)
def test_a_corrupted_entry_in_flight_comes_back_when_its_worker_stops(
    value: str, broker: RedisBroker, client: redis.Redis
) -> None:
    gone = Driver(broker, "gone")
    corrupted, sound = take(gone)
    client.hset("{jobs}:f:gone", corrupted, value)

    gone.close()

    assert sorted(ids(Driver(broker, "w1").take(2))) == sorted([corrupted, sound])


@pytest.mark.parametrize("value", SPOILT_CRASHES)
def test_a_corrupted_count_of_crashes_stops_no_heartbeats(
    value: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    corrupted, sound = take_and_vanish(broker)
    client.hset("{jobs}:j:" + corrupted, "c", value)
    clock.advance(past_lease(broker))
    other = Driver(broker, "w1")

    assert sound in other.heartbeat().recovered
    assert ids(other.take(2)) == [sound]
    assert ids(broker.inspection.jobs(State.DEAD)) == [corrupted]


@pytest.mark.parametrize("value", ["x", "1.5", b"\xff"])
def test_corrupted_totals_stop_no_heartbeats(
    value: str, broker: RedisBroker, client: redis.Redis
) -> None:
    worker = Driver(broker, "w1")
    client.hset("{jobs}:totals", mapping={"succeeded": value, "failed": value})

    worker.heartbeat(succeeded=3, failed=2)
    worker.heartbeat(succeeded=1, failed=0)

    assert client.hgetall("{jobs}:totals") == {b"succeeded": b"4", b"failed": b"2"}


def test_an_unknown_command_is_none(broker: RedisBroker, client: redis.Redis) -> None:
    worker = Driver(broker, "w1")
    client.hset("{jobs}:commands", "w1", "dance")

    assert worker.heartbeat().command is None
