"""The endpoints for programs: statistics and health."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.health import Health
from django_jobs.dashboard.shared_health import NO_ANSWER, SharedHealth
from tests.integration.dashboard.helpers import UseBackend
from tests.support.builders import make_jobs
from tests.support.driver import Driver
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE

HEALTH, STATS = reverse("django_jobs_dashboard:health"), reverse("django_jobs_dashboard:stats")


def test_statistics_equal_those_of_the_command(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push(make_jobs(2, queue="low"))
    worker.heartbeat(succeeded=5, failed=1)
    shown = onlooker.get(STATS).json()
    assert shown["states"]["queued"] == 2
    assert shown["attempts"] == {"succeeded": 5, "failed": 1}
    assert shown["workers"] == 1
    assert shown["batches"] == shown["workflows"] == {"unfinished": 0}
    assert {queue["name"]: queue["size"] for queue in shown["queues"]}["low"] == 2


def test_everything_is_healthy(client: Client, onlooker: Client, redis_backend: JobBackend) -> None:
    Driver(redis_backend.broker, "w1").heartbeat()
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()) == (200, {"healthy": True})
    assert onlooker.get(HEALTH).json() == {
        "healthy": True,
        "problems": [],
        "warnings": [],
        "workers": 1,
        "latency_ms": 0,
    }


def test_a_thread_pool_is_healthy_before_it_starts(
    client: Client, db: None, use_backend: UseBackend
) -> None:
    backend = use_backend("thread_pool")
    backend.broker.push(make_jobs(1, queue="low"))
    assert client.get(HEALTH).status_code == 200


def test_only_permitted_clients_see_the_problems(
    client: Client, onlooker: Client, settings: Settings, redis_backend: JobBackend
) -> None:
    settings.JOB_DASHBOARD = {"TOKEN": "sesame"}
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()) == (503, {"healthy": False})
    for told in (
        onlooker.get(HEALTH),
        client.get(HEALTH, headers={"authorization": "Bearer sesame"}, secure=True),
    ):
        assert told.status_code == 503
        [problem] = told.json()["problems"]
        assert "Workers that take jobs: 0" in problem


def test_a_queue_that_no_worker_serves_is_a_problem(
    onlooker: Client, redis_backend: JobBackend
) -> None:
    redis_backend.broker.push(make_jobs(1, queue="low"))
    answer = onlooker.get(HEALTH, {"min_workers": 0})
    assert answer.status_code == 503
    assert "No worker serves the queue low, in which 1 job waits" in answer.json()["problems"][0]


def test_thresholds_can_be_given(onlooker: Client, redis_backend: JobBackend) -> None:
    assert onlooker.get(HEALTH, {"min_workers": 0}).status_code == 200
    Driver(redis_backend.broker, "w1").heartbeat()
    redis_backend.broker.push(make_jobs(1, queue="low"))
    assert onlooker.get(HEALTH, {"min_workers": 0, "max_latency": 3600}).status_code == 200
    while not redis_backend.broker.inspection.queues()[0].latency:
        pass  # its first millisecond
    late = onlooker.get(HEALTH, {"min_workers": 0, "max_latency": 0})
    assert late.status_code == 503
    assert "A job of the queue low has been waiting" in late.json()["problems"][0]


@pytest.mark.parametrize(
    "query", ["?min_workers=x&max_latency=y", "?min_workers=-1e9&max_latency=999999999999999999999"]
)
def test_invalid_thresholds_are_ignored(
    query: str, onlooker: Client, redis_backend: JobBackend
) -> None:
    Driver(redis_backend.broker, "w1").heartbeat()
    assert onlooker.get(HEALTH + query).status_code == 200


def test_an_unavailable_broker_is_reported_without_its_password(
    onlooker: Client, settings: Settings, redis_server_factory: Callable[..., RedisServer]
) -> None:
    server = redis_server_factory("requirepass sesame")
    url = server.url.replace("redis://", "redis://:sesame@")
    settings.TASKS = {
        "default": {"BACKEND": "django_jobs.backends.RedisBackend", "OPTIONS": {"url": url}}
    }
    assert onlooker.get(STATS).status_code == 200
    server.stop()
    for address in (HEALTH, STATS, reverse("django_jobs_dashboard:queues")):
        answer = onlooker.get(address)
        assert answer.status_code == 503
        assert "127.0.0.1" in answer.content.decode()
        assert "sesame" not in answer.content.decode()


def test_others_learn_no_numbers_by_trying_thresholds(
    client: Client, onlooker: Client, redis_backend: JobBackend
) -> None:
    Driver(redis_backend.broker, "w1").heartbeat()
    for limit in ({"min_workers": 2}, {"min_workers": 10_000, "max_latency": 0}):
        assert onlooker.get(HEALTH, {"min_workers": 2}).status_code == 503
        assert client.get(HEALTH, limit).status_code == 200


def test_the_settings_define_what_is_healthy(
    client: Client, onlooker: Client, settings: Settings, redis_backend: JobBackend
) -> None:
    settings.JOB_DASHBOARD = {"MIN_WORKERS": 2, "MAX_LATENCY": 3600}
    Driver(redis_backend.broker, "w1").heartbeat()

    assert client.get(HEALTH).status_code == 503
    [problem] = onlooker.get(HEALTH).json()["problems"]
    assert "fewer than the 2 that are required" in problem
    assert onlooker.get(HEALTH, {"min_workers": 1}).status_code == 200


def test_public_requests_block_no_thread_while_redis_hangs(
    client: Client, settings: Settings, redis_server_factory: Callable[..., RedisServer]
) -> None:
    server = redis_server_factory()
    settings.TASKS = {
        "default": {"BACKEND": "django_jobs.backends.RedisBackend", "OPTIONS": {"url": server.url}}
    }
    server.freeze()
    try:
        # One that waited for Redis would take fifteen seconds, and all of them half an hour.
        answers = [client.get(HEALTH) for _ in range(120)]
    finally:
        server.thaw()
    assert {(one.status_code, one.content) for one in answers} == {(503, b'{"healthy": false}')}


def test_one_check_answers_all_requests_in_the_meantime() -> None:
    asked, may_end = Event(), Event()

    def look() -> Health:
        asked.set()
        may_end.wait()
        return Health(problems=(), workers=7)

    watch = SharedHealth()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(watch.health, look)
        assert asked.wait(DEADLINE)
        asked.clear()
        assert watch.health(look) == first.result() == NO_ANSWER
        assert not asked.is_set()
        may_end.set()
        while watch.health(look).workers != 7:
            pass


def test_a_check_whose_thread_cannot_start_is_not_awaited_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    watch = SharedHealth()
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            watch.health(lambda: Health(problems=()))

    assert watch.health(lambda: Health(problems=(), workers=7)).workers == 7


def test_a_failed_check_is_not_kept_forever() -> None:
    watch = SharedHealth()
    with pytest.raises(ZeroDivisionError):
        watch.health(lambda: Health(problems=(str(1 / 0),)))
    while True:
        with suppress(ZeroDivisionError):
            assert watch.health(lambda: Health(problems=(), workers=7)).workers == 7
            break
