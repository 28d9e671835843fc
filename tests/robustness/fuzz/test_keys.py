"""Something of another type under any key of the namespace is set aside, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.robustness.fuzz.scale import SCALE
from tests.support.clock import Clock
from tests.support.driver import past_lease
from tests.support.small_site import PREFIX, SmallSite

FAMILIES = [
    *(
        "q:default",
        "q:halted",
        "m:default",
        "m:*",
        "f:w1",
        "b:w1",
        "w:w1",
        "w:w2",
    ),
    *("s:scheduled", "s:retrying", "s:succeeded", "s:dead", "s:discarded", "expiries", "seq"),
    *(
        "queues",
        "paused",
        "extended",
        "leases",
        "lost",
        "pushes",
        "idle",
        "suspects",
        "commands",
        "ticks",
        "totals",
        "broken",
    ),
    *("j:scheduled", "j:queued", "j:running", "j:succeeded", "j:retrying", "j:dead"),
    *("e:retrying", "e:dead", "e:queued"),
    *("n:queue:60000:30000000", "n:task:60000:30000000", "n:error:60000:30000000"),
]
"""Every kind of key; behind `j:` and `e:` stands the state of the job that is meant."""

REPLACEMENTS: dict[str, Callable[[redis.Redis, str], object]] = {
    "string": lambda client, key: client.set(key, b"\xff\x00 not ours"),
    "list": lambda client, key: client.rpush(key, "1", "2"),
    "hash": lambda client, key: client.hset(key, "field", "value"),
    "set": lambda client, key: client.sadd(key, "one"),
    "zset": lambda client, key: client.zadd(key, {"one": 1.5}),
    "stream": lambda client, key: client.xadd(key, {"field": "value"}),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", REPLACEMENTS if SCALE > 1 else ["string", "hash"])
def test_another_type_under_a_key_harms_nothing_else(
    family: str, kind: str, broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    site = SmallSite.build(broker, client, clock)
    head, _, state = family.partition(":")
    name = f"{head}:{site.jobs[State(state)]}" if head in {"j", "e"} else family
    client.delete(PREFIX + name)
    REPLACEMENTS[kind](client, PREFIX + name)

    site.use_everything()
    site.run_a_good_job()


def test_every_kind_of_key_is_tried(broker: RedisBroker, client: redis.Redis, clock: Clock) -> None:
    site = SmallSite.build(broker, client, clock)
    tried = {family.split(":")[0] for family in FAMILIES}

    assert {key.removeprefix(PREFIX).split(":")[0] for key in site.key_names()} <= tried


def test_what_was_set_aside_is_kept_and_told(
    broker: RedisBroker, client: redis.Redis, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    site = SmallSite.build(broker, client, clock)
    client.delete(PREFIX + "leases")
    client.set(PREFIX + "leases", "not ours")

    site.worker.heartbeat()

    assert client.get(PREFIX + "broken:leases") == b"not ours"
    assert client.hgetall(PREFIX + "broken") == {b"leases": b"a string instead of a zset"}
    assert "leases" in caplog.text
    assert any("{jobs}:broken" in problem.text for problem in broker.config_warnings())


def test_jobs_in_flight_come_back_though_the_leases_were_overwritten(
    broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    site = SmallSite.build(broker, client, clock)
    client.delete(PREFIX + "leases")
    client.set(PREFIX + "leases", "not ours")
    recovered: list[str] = []
    for _ in range(5):
        recovered += site.other.heartbeat().recovered
        clock.advance(past_lease(broker) // 3)

    assert recovered == [site.jobs[State.RUNNING]]


def test_a_job_of_another_type_is_dead_with_its_reason(
    broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    site = SmallSite.build(broker, client, clock)
    job_id = site.jobs[State.QUEUED]
    client.delete(f"{PREFIX}j:{job_id}")
    client.set(f"{PREFIX}j:{job_id}", "not ours")
    dead = broker.inspection.counts()[State.DEAD]

    assert site.other.take(1) == ()

    record = broker.inspection.find(job_id)
    assert record is not None
    assert record.state is State.DEAD
    assert record.failures[0].exception == "django_jobs.errors.BrokenPayload"
    assert broker.inspection.counts()[State.DEAD] == dead + 1
    assert client.get(f"{PREFIX}broken:j:{job_id}") == b"not ours"
