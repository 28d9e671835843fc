"""What machines are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from tests.contract.tools import Driver, make_jobs
from tests.dashboard.conftest import UseBackend
from tests.servers import RedisServer

HEALTH, STATS = reverse("django_jobs_dashboard:health"), reverse("django_jobs_dashboard:stats")


def test_figures_are_those_of_the_command(
    onlooker: Client, backend: JobBackend[Any], worker: Driver
) -> None:
    backend.broker.push(make_jobs(2, queue="low"))
    worker.heartbeat(succeeded=5, failed=1)
    shown = onlooker.get(STATS).json()
    assert shown["states"]["queued"] == 2
    assert shown["attempts"] == {"succeeded": 5, "failed": 1}
    assert shown["workers"] == 1
    assert {queue["name"]: queue["size"] for queue in shown["queues"]}["low"] == 2


def test_all_is_well(client: Client, onlooker: Client, redis_backend: JobBackend[Any]) -> None:
    Driver(redis_backend.broker, "w1").heartbeat()
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()) == (200, {"healthy": True})
    assert onlooker.get(HEALTH).json() == {
        "healthy": True,
        "problems": [],
        "workers": 1,
        "latency_ms": 0,
    }


def test_threads_of_the_process_are_well_before_they_start(
    client: Client, db: None, use_backend: UseBackend
) -> None:
    backend = use_backend("thread_pool")
    backend.broker.push(make_jobs(1, queue="low"))
    assert client.get(HEALTH).status_code == 200


def test_only_those_who_may_know_are_told_what_is_wrong(
    client: Client, onlooker: Client, settings: Settings, redis_backend: JobBackend[Any]
) -> None:
    settings.JOB_DASHBOARD = {"TOKEN": "sesame"}
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()) == (503, {"healthy": False})
    for told in (
        onlooker.get(HEALTH),
        client.get(HEALTH, headers={"authorization": "Bearer sesame"}),
    ):
        assert told.status_code == 503
        [problem] = told.json()["problems"]
        assert "Workers that take jobs: 0" in problem


def test_a_queue_with_jobs_that_no_worker_serves_is_told(
    onlooker: Client, redis_backend: JobBackend[Any]
) -> None:
    redis_backend.broker.push(make_jobs(1, queue="low"))
    answer = onlooker.get(HEALTH, {"min_workers": 0})
    assert answer.status_code == 503
    assert "No worker serves the queue low, in which 1 job waits" in answer.json()["problems"][0]


def test_limits_can_be_given(onlooker: Client, redis_backend: JobBackend[Any]) -> None:
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
def test_nonsense_is_no_limit(query: str, onlooker: Client, redis_backend: JobBackend[Any]) -> None:
    Driver(redis_backend.broker, "w1").heartbeat()
    assert onlooker.get(HEALTH + query).status_code == 200


def test_a_store_that_does_not_answer_is_told_without_its_password(
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
