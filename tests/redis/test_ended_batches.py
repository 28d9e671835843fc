"""Ended batches take no more than so much of Redis."""

from __future__ import annotations

import redis

from django_jobs.brokers.constants import BATCHES_KEPT
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.batches import NewBatch
from tests.support.redis_keys import PREFIX


def test_ended_batches_have_a_limit(broker: RedisBroker, client: redis.Redis) -> None:
    names = [f"b{number:05}" for number in range(BATCHES_KEPT + 1)]
    for index in ("batches", "batch_expiries"):
        client.zadd(f"{PREFIX}{index}", {name: number for number, name in enumerate(names)})

    for name in ("x", "y"):
        broker.batches.open(NewBatch(id=name))
        broker.batches.close(name)

    assert broker.batches.count() == BATCHES_KEPT
    assert client.zrange(f"{PREFIX}batches", 0, 0) == ["b00003"]


def test_counting_batches_reads_none_of_them(broker: RedisBroker, client: redis.Redis) -> None:
    for name in ("x", "y"):
        broker.batches.open(NewBatch(id=name))
    broker.batches.close("x")
    before = client.info("commandstats").get("cmdstat_hgetall")

    assert (broker.batches.count(), broker.batches.count_unfinished()) == (2, 1)

    assert client.info("commandstats").get("cmdstat_hgetall") == before
