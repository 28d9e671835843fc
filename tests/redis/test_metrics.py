"""The counts in Redis expire, and survive values of other programs."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerError
from django_jobs.metrics.deploys import DEPLOYS_KEPT_MS
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import Span
from django_jobs.metrics.periods import RETENTION, Dimension
from django_jobs.metrics.task_stats import TaskStats
from tests.support.clock import Clock
from tests.support.driver import Driver
from tests.support.redis_keys import PREFIX

TIMES = Histogram((2, *[0] * len(BOUNDS)), 2)
STATS = TaskStats(
    task="shop.ship",
    queue="default",
    succeeded=1,
    failed=1,
    errors=(("builtins.OSError", 1),),
    latency=TIMES,
    duration=TIMES,
)


def counted(client: redis.Redis) -> list[str]:
    return sorted(client.scan_iter(f"{PREFIX}n:*"))


def test_each_period_is_forgotten_in_time(
    broker: RedisBroker, client: redis.Redis, clock: Clock
) -> None:
    Driver(broker).heartbeat(samples=[STATS])

    names = counted(client)
    assert len(names) == sum(map(len, RETENTION.values()))
    for name in names:
        _, _, kind, length, number = name.split(":")
        kept = RETENTION[Dimension(kind)][int(length)]
        assert int(number) == clock.now() // int(length)
        assert 0.9 * kept < client.pttl(name) <= kept


@pytest.mark.parametrize(
    "corrupted",
    [
        *("", "{}", "[]", "[1,2]", "7", "null", '{"s":', '{"s":"x"}', '{"s":-4}', '{"s":1.5}'),
        *('{"s":NaN}', '{"s":Infinity}', '{"s":1e400}', '{"s":[1]}', '{"":1}', '{"1":1}'),
        *('{"s":' + "9" * 400 + "}", "[" * 9999, '{"s":' * 2000, "\x00", '{"l99":3}'),
    ],
)
def test_corrupted_counts_do_no_harm(
    corrupted: str, broker: RedisBroker, client: redis.Redis
) -> None:
    worker, metrics = Driver(broker), broker.inspection.metrics
    worker.heartbeat(samples=[STATS])
    for name in counted(client):
        client.hset(name, mapping=dict.fromkeys(client.hkeys(name), corrupted))

    for _ in range(2):
        for span in Span:
            metrics.history(span)
            metrics.tasks(span)
            metrics.failing(span)
        metrics.counters()
        worker.heartbeat(samples=[STATS])
    assert broker.inspection.totals().succeeded == 0


def test_something_else_under_the_key_of_a_period_is_replaced(
    broker: RedisBroker, client: redis.Redis
) -> None:
    worker, metrics = Driver(broker), broker.inspection.metrics
    worker.heartbeat(samples=[STATS])
    for name in counted(client):
        client.set(name, "not a hash")

    assert metrics.history(Span.HOUR).succeeded == 0
    worker.heartbeat(samples=[STATS])
    assert metrics.history(Span.HOUR).succeeded == 1
    assert metrics.tasks(Span.MONTH)[0].succeeded == 1


def test_marks_of_deploys_expire_and_survive_what_others_write(
    broker: RedisBroker, client: redis.Redis
) -> None:
    metrics = broker.inspection.metrics
    mark = metrics.mark_deploy("v1")
    assert 0.9 * DEPLOYS_KEPT_MS < client.pttl(f"{PREFIX}deploys") <= DEPLOYS_KEPT_MS

    client.zadd(f"{PREFIX}deploys", {"": 1, ":": mark.at, "x:y": mark.at, f"{'9' * 30}:z": mark.at})
    assert metrics.history(Span.HOUR).deploys == (mark,)

    client.set(f"{PREFIX}deploys", "no zset")
    assert metrics.history(Span.HOUR).deploys == ()
    with pytest.raises(BrokerError, match=r"deploys.*jobs doctor"):
        metrics.mark_deploy("v2")
