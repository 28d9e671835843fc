"""Servers that are shared: with the cache, by two sites; and the unix socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache

from django_jobs.backends import RedisBackend
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.apps.worker_site.settings import QUEUES
from tests.redis.servers.helpers import pushed
from tests.support.board_fixtures import tasks_from
from tests.support.redis_server import RedisServer
from tests.support.workers import Site


@pytest.fixture
def cache(redis_url: str) -> Any:
    return RedisCache(redis_url, {})


def test_jobs_and_the_cache_live_in_one_database(
    cache: Any, redis_url: str, configure: Callable[..., RedisBackend], site: Site
) -> None:
    cache.set("jobs", "cached")
    cache.set("{jobs}:q:default", "cached")
    configure(namespace="jobs")
    site.options["namespace"] = "jobs"
    worker = site.start("-c", "2")
    result = tasks.note.enqueue("beside the cache")
    site.notes.wait_for("beside the cache")
    assert worker.stop() == 0
    result.refresh()
    assert result.is_finished
    assert cache.get("jobs") == cache.get("{jobs}:q:default") == "cached"


def test_clearing_the_cache_keeps_jobs_only_in_another_database(cache: Any, redis_url: str) -> None:
    pushed(redis_url)
    pushed(redis_url.replace("/0", "/1"))
    cache.clear()
    assert pushed(redis_url) == 1
    assert pushed(redis_url.replace("/0", "/1")) == 2


def test_two_sites_on_one_server_run_only_their_own_jobs(
    redis_url: str, settings: Any, tmp_path: Path, site: Site
) -> None:
    def enqueue(namespace: str) -> None:
        settings.TASKS = tasks_from(
            JOB_BACKEND="redis",
            REDIS_URL=redis_url,
            JOB_NAMESPACE=namespace,
            JOB_QUEUES=",".join(QUEUES),
        )
        tasks.note.enqueue(namespace)

    enqueue("shop")
    enqueue("blog")
    site.options["namespace"] = "blog"
    worker = site.start("--burst", ready=False)

    assert worker.end() == 0
    assert site.notes.lines == ["blog"]
    broker = RedisBroker(redis_url, namespace="shop")
    assert broker.inspection.counts()[State.QUEUED] == 1
    broker.close()


def test_jobs_run_over_a_unix_socket(
    redis_server: RedisServer, configure: Callable[..., RedisBackend], site: Site
) -> None:
    url = redis_server.unix_url.replace("db=0", "db=2")
    configure(url=url)
    site.options["url"] = url
    worker = site.start("-c", "2")
    tasks.note.enqueue("through the socket")
    site.notes.wait_for("through the socket")
    assert worker.stop() == 0
