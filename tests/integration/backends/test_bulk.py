"""Many jobs at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from django_jobs.backends import JobBackend
from django_jobs.compat import task_enqueued
from django_jobs.errors import PayloadTooLarge, UnserializableArgument
from django_jobs.tasks.definition import Call
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.redis_server import RedisServer
from tests.support.results import ended, succeeded


def test_results_come_in_the_order_of_the_calls(backend: JobBackend) -> None:
    calls: list[Any] = [[1], (2,), {"three": 3}, Call([4], {"five": 5}), []]
    results = tasks.echo.bulk_enqueue(calls)
    assert [succeeded(result) for result in results] == [
        [[1], {}],
        [[2], {}],
        [[], {"three": 3}],
        [[4], {"five": 5}],
        [[], {}],
    ]


def test_calls_may_come_from_a_generator(backend: JobBackend) -> None:
    results = tasks.note.bulk_enqueue([number] for number in range(50))
    for result in results:
        ended(result)
    assert sorted(tasks.seen) == list(range(50))


@pytest.mark.parametrize("kind", ["thread_pool", "redis", "inline", "dummy"])
def test_nothing_to_enqueue_is_no_error(backend: JobBackend) -> None:
    assert tasks.echo.bulk_enqueue([]) == []


@pytest.mark.parametrize("kind", ["thread_pool", "redis", "inline", "dummy"])
def test_one_bad_call_enqueues_none(backend: JobBackend) -> None:
    with pytest.raises(UnserializableArgument):
        tasks.note.bulk_enqueue([[1], [object()], [3]])
    assert not any(backend.broker.inspection.counts().values())


@pytest.mark.parametrize(
    ("bad", "error"), [(object(), UnserializableArgument), ("x" * 600_000, PayloadTooLarge)]
)
def test_the_item_that_cannot_be_enqueued_is_named_by_its_number(
    configure: Configure, bad: object, error: type[Exception]
) -> None:
    configure("dummy")
    with pytest.raises(error, match=r"^bulk_enqueue: item 1: "):
        tasks.note.bulk_enqueue([[1], [bad], [3]])
    with pytest.raises(error) as caught:
        tasks.note.enqueue(bad)
    assert "item" not in str(caught.value)


@pytest.mark.parametrize("item", ["text", b"bytes", 7, None])
def test_an_invalid_call_is_refused_with_its_number(configure: Configure, item: Any) -> None:
    configure("dummy")
    with pytest.raises(TypeError, match=f"item 1 is a {type(item).__name__}"):
        tasks.note.bulk_enqueue([[1], item])


def test_options_of_the_call_hold_for_all(backend: JobBackend) -> None:
    results = tasks.echo.using(priority=9, queue_name="low").bulk_enqueue([[1], [2]])
    stored = [tasks.echo.get_result(result.id).task for result in results]
    assert [(task.priority, task.queue_name) for task in stored] == [(9, "low")] * 2


@pytest.mark.parametrize("kind", ["thread_pool", "redis", "inline", "dummy"])
def test_each_job_is_announced(backend: JobBackend) -> None:
    heard: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append(task_result.id)

    task_enqueued.connect(receive)
    try:
        results = tasks.note.bulk_enqueue([[1], [2], [3]])
    finally:
        task_enqueued.disconnect(receive)
    assert heard == [result.id for result in results]


@pytest.fixture
def own_server(redis_server_factory: Callable[..., RedisServer]) -> str:
    """A server whose calls are all the test's own: on the shared one other workers end."""
    return redis_server_factory().url


def test_three_hundred_jobs_are_one_round_trip(configure: Configure, own_server: str) -> None:
    backend = configure("redis", url=own_server)
    assert round_trips(own_server, [[number] for number in range(750)]) == 3
    assert backend.broker.inspection.counts()["queued"] == 751  # type: ignore[index]


def test_large_jobs_travel_in_calls_of_eight_megabytes(
    configure: Configure, own_server: str
) -> None:
    """Else 300 jobs of half a megabyte would be one call that blocks Redis for everybody."""
    backend = configure("redis", url=own_server, max_payload=10_000_000)
    sizes = [3_000_000, 3_000_000, 3_000_000, 1, 9_000_000, 1]
    assert round_trips(own_server, [["ä" * (size // 2)] for size in sizes]) == 4
    assert backend.broker.inspection.counts()["queued"] == 7  # type: ignore[index]


def round_trips(redis_url: str, calls: list[list[Any]]) -> int:
    """Enqueue many jobs, and return how many scripts Redis ran for them."""
    tasks.note.enqueue("so that Redis knows the script")
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.config_resetstat()
        tasks.note.bulk_enqueue(calls)
        counted = client.info("commandstats")
        assert not counted.keys() & {"cmdstat_eval", "cmdstat_script|load"}
        return int(counted["cmdstat_evalsha"]["calls"])
