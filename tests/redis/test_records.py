"""Jobs that an earlier release stored run with this one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from django_jobs.backends import JobBackend
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from django_jobs.management.target import job_backend
from django_jobs.testing import override_backend, run_enqueued
from tests.apps.library.models import Author
from tests.redis.records.record import FOLDER
from tests.support.driver import check_with_doctor
from tests.support.redis_keys import PREFIX

RELEASES = sorted(FOLDER.glob("*.json"))
LATE = ("scheduled", "retrying", "postponed")

RESULTS: dict[str, Any] = {
    **{
        kind: [[kind], {}]
        for kind in (
            *("plain", "coroutine", "scheduled", "expiring", "urgent", "with metadata"),
            *("with overrides", "kept for a day", "postponed", "crashed", "tick"),
        )
    },
    "retrying": None,
    "of a model": "hello Ada",
    "of types": ["datetime", "date", "timedelta", "Decimal", "UUID", "str"],
}
"""What a job of each kind returns."""


@pytest.fixture
def backend(redis_url: str) -> Iterator[JobBackend]:
    with override_backend("redis", url=redis_url):
        yield job_backend("default")


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
def jobs(request: pytest.FixtureRequest, client: redis.Redis) -> dict[str, str]:
    """The ids of the jobs of a release, by kind, which are in Redis as it left them."""
    path: Path = request.param
    stored = json.loads(path.read_text(encoding="utf-8"))
    for name, content in stored["keys"].items():
        restore(client, f"{PREFIX}{name}", content)
    ids: dict[str, str] = stored["jobs"]
    return ids


def restore(client: redis.Redis, key: str, content: Any) -> None:
    sets = ("queues", "paused", "extended", "cancelled")
    match content:
        case dict():
            client.hset(key, mapping=content)
        case [[_, _], *_]:
            client.zadd(key, dict(content))
        case [*values] if key.removeprefix(PREFIX) in sets:
            client.sadd(key, *values)
        case [*values]:
            client.rpush(key, *values)
        case _:
            client.set(key, content)


def test_there_are_records() -> None:
    assert RELEASES


@pytest.mark.django_db
def test_each_job_of_an_earlier_release_runs(jobs: dict[str, str], backend: JobBackend) -> None:
    Author.objects.create(pk=1, name="Ada")
    assert jobs.keys() == RESULTS.keys()

    run_enqueued(backend="default")
    inspection = backend.broker.inspection
    for kind in LATE:  # an operator runs them now, as their time is long over or far ahead
        inspection.retry(jobs[kind])
    run_enqueued(backend="default")

    for kind, result in RESULTS.items():
        found = backend.get_result(jobs[kind])
        assert (kind, found.return_value) == (kind, result)
    check_with_doctor(backend.broker)


def test_jobs_of_an_earlier_release_are_read_in_full(
    jobs: dict[str, str], broker: RedisBroker
) -> None:
    read = {kind: broker.inspection.find(job_id) for kind, job_id in jobs.items()}
    assert all(read.values())
    records = {kind: record for kind, record in read.items() if record is not None}
    assert records["with metadata"].job.metadata == '{"tenant":7}'
    assert '"timeout": 60' in records["with overrides"].job.overrides
    assert (records["urgent"].job.queue, records["urgent"].job.priority) == ("critical", 50)
    (failure,) = records["retrying"].failures
    assert (failure.message, failure.latency, failure.duration) == ("no such parcel", 3, 7)
    assert records["crashed"].crashes == 1
    assert records["tick"].job.id == broker.inspection.last_runs()["echo-hourly"]
    postponement = records["postponed"].postponement
    assert postponement is not None
    assert (records["postponed"].state, postponement.failure.message) == (
        State.SCHEDULED,
        "no such parcel",
    )
