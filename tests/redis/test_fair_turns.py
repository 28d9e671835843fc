"""What the turns of fair keys keep in Redis, and what becomes of them if that is damaged."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from django_jobs.brokers.doctor import Trouble
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import Turn
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.driver import Driver, check_with_doctor

TURNS = "{jobs}:v:default"


def push_keys(broker: RedisBroker, number: int, prefix: str = "c") -> None:
    for n in range(number):
        broker.push([make_job(turn=Turn(f"{prefix}{n}"))])


def test_keys_without_jobs_are_forgotten(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    push_keys(broker, 200)
    broker.push(make_jobs(50, turn=Turn("busy")))
    assert client.zcard(TURNS) == 202
    for _ in range(25):
        w1.settle(*map(succeeded, w1.take(10)))
    broker.push(make_jobs(2, turn=Turn("busy")))
    w1.settle(*map(succeeded, w1.take(1)))
    assert client.zcard(TURNS) <= 3


@pytest.mark.parametrize("claimed", [0, 5])
def test_keys_are_forgotten_in_priorities_in_which_nothing_is_claimed(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claimed: int
) -> None:
    rare = [make_job(turn=Turn(f"c{n}"), priority=7) for n in range(100)]
    broker.push(rare)
    broker.push(make_jobs(3, turn=Turn("busy")))
    w1.settle(*map(succeeded, w1.take(claimed)))
    for job in rare:
        broker.inspection.cancel(job.id)
    w1.heartbeat()
    assert set(client.zrange(TURNS, 0, -1)) == {"0", "0:busy"}
    check_with_doctor(broker)


def test_an_empty_queue_keeps_no_turns(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    push_keys(broker, 3)
    w1.settle(*map(succeeded, w1.take(3)))
    w1.exchange("default")
    w1.heartbeat()
    assert not client.exists(TURNS)


def test_cancelled_jobs_leave_no_turns(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    job = make_job(turn=Turn("a"))
    broker.push([job])
    broker.inspection.cancel(job.id)
    w1.exchange("default")
    w1.heartbeat()
    assert not client.exists(TURNS)


def test_a_queue_without_keys_has_no_turns(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    broker.push(make_jobs(3))
    w1.take(3)
    w1.heartbeat()
    assert not client.exists(TURNS)


def test_a_key_of_another_type_is_replaced(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    broker.push(make_jobs(3, turn=Turn("a")))
    client.delete(TURNS)
    client.set(TURNS, "?")
    assert Trouble.WRONG_TYPE in {finding.trouble for finding in broker.doctor.examine()}
    claims = w1.take(1)
    broker.push(make_jobs(1, turn=Turn("b")))
    assert client.type(TURNS) == "zset"
    w1.settle(*map(succeeded, [*claims, *w1.take(9)]))
    check_with_doctor(broker)


def test_the_doctor_finds_turns_that_are_no_turns(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    broker.push(make_jobs(3, turn=Turn("a")))
    client.zadd(TURNS, {"x": 3, "0:b": 17, "5:a": 2**43})
    found = [one for one in broker.doctor.examine() if one.trouble is Trouble.UNREADABLE_VALUE]
    assert {one.detail for one in found} == {"x", "0:b", "5:a"}
    assert broker.doctor.diagnose(repair=True).is_good
    assert len(w1.take(3)) == 3


def test_the_doctor_finds_turns_that_are_lost(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    broker.push(make_jobs(3, turn=Turn("a")))
    client.delete(TURNS)
    assert {one.trouble for one in broker.doctor.examine()} == {Trouble.WRONG_PLACE}
    assert broker.doctor.diagnose(repair=True).is_good
    assert client.exists(TURNS)
    assert len(w1.take(3)) == 3


def test_the_doctor_finds_turns_of_no_queue(broker: RedisBroker, client: redis.Redis) -> None:
    client.zadd("{jobs}:v:gone", {"0": 100 * 2**44 + 2**43})
    assert [one.trouble for one in broker.doctor.examine()] == [Trouble.STRAY_KEY]
    assert broker.doctor.diagnose(repair=True).is_good


def test_places_are_exact_at_the_lowest_priority(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    end = 201 * 2**44 - 100_000
    broker.push([make_job(priority=-100, turn=Turn("a"))])
    client.zadd(TURNS, {"-100": end, "-100:a": end})
    jobs = [make_job(priority=-100, turn=Turn("a", 20)) for _ in range(30)]
    for job in jobs:
        broker.push([job])
    queued: Any = client.zrange("{jobs}:q:default", 1, -1, withscores=True)
    places = [place for _, place in queued]
    assert places == [end + 42 * (1 + n) for n in range(30)]
    assert [claim.job.id for claim in w1.take(31)][1:] == [job.id for job in jobs]
    check_with_doctor(broker)


def test_turns_never_reach_the_next_priority(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    end = 101 * 2**44 - 1
    broker.push([make_job(turn=Turn("a"))])
    client.zadd(TURNS, {"0": end - 840, "0:a": end - 840})
    broker.push(make_jobs(3, turn=Turn("a")))
    broker.push(make_jobs(1, priority=-1))
    queued: Any = client.zrange("{jobs}:q:default", 1, -1, withscores=True)
    assert [place for _, place in queued][:3] == [end] * 3
    assert [claim.job.priority for claim in w1.take(5)] == [0, 0, 0, 0, -1]


def test_jobs_of_many_keys_are_stored_as_one_group(
    broker: RedisBroker, client: redis.Redis
) -> None:
    broker.push([make_job(turn=Turn(f"c{n % 7}", 1 + n % 3) if n % 5 else None) for n in range(99)])
    assert client.zcard("{jobs}:q:default") == 99
    assert client.zcard(TURNS) == 9
    check_with_doctor(broker)
