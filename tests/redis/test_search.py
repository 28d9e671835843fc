"""A search in Redis reads bounded portions, and passes corrupted jobs."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.brokers.redis import RedisBroker
from tests.support.builders import make_jobs
from tests.support.clock import START
from tests.support.driver import ids
from tests.support.redis_keys import PREFIX


def found_ids(broker: RedisBroker, **wanted: Any) -> list[str]:
    return ids(Finder(broker.inspection, Filter(**wanted)).page().records)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        *(("j:{0}", field, value) for field in "tqenma" for value in ("", "x\0<", b"\xff\xfe")),
        *(
            ("j:{0}", "e", "9" * 30),
            ("j:{0}", "e", "0:x:1::"),
            ("j:{0}", "s", "nonsense"),
            ("e:{0}", None, b"\xff["),
        ),
        *(("e:{0}", None, '["a'), ("e:{0}", None, '["\\ud800"]'), ("j:{0}", None, "a text")),
    ],
)
def test_a_corrupted_job_hides_no_other(
    name: str, field: str | None, value: Any, broker: RedisBroker, client: redis.Redis
) -> None:
    corrupted, sound = make_jobs(2)
    broker.push([corrupted, sound])
    key = PREFIX + name.format(corrupted.id)
    if field:
        client.hset(key, field, value)
    else:
        client.delete(key)
        client.set(key, value) if name.startswith("j:") else client.rpush(key, value)

    assert sound.id in found_ids(broker)
    for wanted in ({"task": "ship"}, {"text": "args"}, {"queue": "default"}, {"since": START}):
        assert sound.id in found_ids(broker, **wanted)
    assert found_ids(broker, error="KeyError") == []
    assert found_ids(broker, id=corrupted.id) in ([], [corrupted.id])
    shipped = Filter(as_of=START + 10**9, task="ship")
    assert Finder(broker.inspection, shipped).apply(JobAction.DELETE).number > 0


def test_one_call_looks_no_further_than_a_megabyte(broker: RedisBroker) -> None:
    broker.push(make_jobs(8, arguments=f'[["{"x" * 400_000}"],{{}}]'))

    portion = broker.inspection.scan(Filter(text="y"), None, 1_000)

    assert (portion.scanned, portion.left) == (3, 5)
