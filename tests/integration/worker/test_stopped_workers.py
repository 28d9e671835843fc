"""A worker that was stopped in a process that continues delays no job of other workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.redis.session import RedisSession
from django_jobs.worker.worker import Worker
from tests.apps.worker_site import tasks
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes


@pytest.fixture
def server(redis_server_factory: Callable[[], RedisServer]) -> RedisServer:
    """A server that counts nobody but the workers of the test."""
    return redis_server_factory()


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def two_workers(
    server: RedisServer,
    client: redis.Redis,
    configure: Callable[..., JobBackend],
    start_worker: StartWorker,
    no_looks: None,
) -> list[Worker]:
    """Two workers that wait, one after the other, and look for jobs only when they are woken."""
    configure(url=server.url)
    workers: list[Worker] = []
    while len(workers) < 2:
        workers.append(start_worker())
        wait_until(lambda: waiting(client) == len(workers), "it does not wait")
    return workers


def waiting(client: redis.Redis) -> int:
    """How many waits there are at Redis, which serves first who has waited longest."""
    return int(client.info("clients")["blocked_clients"])


def test_a_worker_that_was_stopped_waits_no_more(
    two_workers: list[Worker], client: redis.Redis, notes: Notes
) -> None:
    two_workers[0].stop(DEADLINE)

    assert waiting(client) == 1
    tasks.note.enqueue("at once")
    notes.wait_for("at once")


def test_a_worker_stops_waiting_at_a_redis_that_is_full(
    two_workers: list[Worker], client: redis.Redis
) -> None:
    client.config_set("maxmemory", 1)

    two_workers[0].stop(DEADLINE)

    assert waiting(client) == 1


def test_a_wake_up_that_reaches_a_worker_while_it_stops_is_passed_on(
    two_workers: list[Worker], notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt = RedisSession.interrupt

    def enqueue_first(session: RedisSession) -> None:
        monkeypatch.setattr(RedisSession, "interrupt", interrupt)
        tasks.note.enqueue("at once")
        interrupt(session)

    monkeypatch.setattr(RedisSession, "interrupt", enqueue_first)

    two_workers[0].stop(DEADLINE)

    notes.wait_for("at once")


def test_nothing_of_a_worker_that_was_stopped_is_left_for_long(
    two_workers: list[Worker], client: redis.Redis
) -> None:
    for worker in two_workers:
        worker.stop(DEADLINE)

    (last,) = client.keys("*" + two_workers[0].id)
    assert b":b:" in last  # the number of its last heartbeat, for late copies of earlier ones
    assert client.ttl(last) > 0
