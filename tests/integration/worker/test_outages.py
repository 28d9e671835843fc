"""Redis goes away, comes back or refuses calls: the worker continues, and logs each outage once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.redis.session import RedisSession
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes

Factory = Callable[..., RedisServer]
Configure = Callable[..., JobBackend]


@pytest.fixture
def server(redis_server_factory: Factory) -> RedisServer:
    return redis_server_factory()


@pytest.fixture
def jobs(server: RedisServer, configure: Configure) -> JobBackend:
    """A backend on a server that a test may kill; a busy machine is not taken for an outage."""
    return configure(url=server.url, lease=3, socket_timeout=5)


def all_succeeded(backend: JobBackend, number: int) -> bool:
    return backend.broker.inspection.counts()[State.SUCCEEDED] == number


def test_a_killed_redis_costs_no_job(
    server: RedisServer,
    jobs: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks.sleep.bulk_enqueue([[0.02, str(number)] for number in range(200)])
    worker = start_worker()
    notes.wait_for_lines(40)

    server.kill9()
    wait_until(lambda: "Can't settle or claim" in caplog.text, "nothing in the log")
    wait_until(lambda: not worker.running(), "what was running did not finish")
    server.start()
    tasks.note.enqueue("after")

    wait_until(lambda: all_succeeded(jobs, 201), "not every job was run")
    assert {line.split()[0] for line in notes.lines} == {"after", *map(str, range(200))}
    wait_until(lambda: "claim jobs again" in caplog.text, "nothing in the log")
    assert not worker.over.is_set()
    one_kind = [record for record in caplog.records if "settle or claim" in record.message]
    assert len([one for one in one_kind if "Can't" in one.message]) == 1


def test_a_frozen_redis_costs_no_job(
    server: RedisServer,
    jobs: JobBackend,
    configure: Configure,
    start_worker: StartWorker,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks.sleep.bulk_enqueue([[0.02, str(number)] for number in range(100)])
    configure(url=server.url, socket_timeout=2)
    start_worker()
    notes.wait_for_lines(20)

    server.freeze()
    wait_until(lambda: "Can't settle" in caplog.text, "no failure")
    server.thaw()

    wait_until(lambda: all_succeeded(jobs, 100), "not every job was run")


def test_a_worker_of_every_queue_endures_an_outage_too(
    server: RedisServer,
    jobs: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = start_worker()
    tasks.note.enqueue("before")
    wait_until(lambda: all_succeeded(jobs, 1), "the job was not settled")
    server.kill9()
    for part in ("settle or claim", "send heartbeats"):
        wait_until(lambda part=part: f"Can't {part}" in caplog.text, f"it can {part}")  # type: ignore[misc]
    server.start()
    tasks.note.enqueue("after")
    notes.wait_for("after")
    assert not worker.failed


@pytest.mark.usefixtures("no_looks")
def test_a_redis_that_takes_no_changes_is_waited_for(
    server: RedisServer,
    configure: Configure,
    start_worker: StartWorker,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    jobs = configure(url=server.url)
    tasks.hold.enqueue("job")
    start_worker()
    notes.wait_for("begin job 1")
    with redis.Redis.from_url(server.url) as client:
        client.config_set("min-replicas-to-write", "1")
        notes.put("release")
        wait_until(lambda: "Can't settle" in caplog.text, "it was not refused")
        client.config_set("min-replicas-to-write", "0")
        wait_until(lambda: all_succeeded(jobs, 1), "the end of the job was forgotten")
    assert notes.counts == {"begin job 1": 1, "end job 1": 1}


def test_workers_drain_a_redis_that_is_full(
    server: RedisServer, jobs: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    tasks.note.bulk_enqueue([["x"]] * 100)
    start_worker()
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", "1")
        wait_until(lambda: all_succeeded(jobs, 100), "the jobs were not run")
    assert notes.counts == {"x": 100}


def test_an_unexpected_failure_loses_no_settlement(
    backend: JobBackend,
    start_worker: StartWorker,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = start_worker()
    tasks.hold.enqueue("job")
    notes.wait_for("begin job 1")
    failures: list[int] = []

    exchange = RedisSession.exchange

    def fail_once(*args: Any, **kwargs: Any) -> Any:
        if not failures:
            failures.append(1)
            raise RuntimeError("a fault of ours")
        return exchange(*args, **kwargs)

    monkeypatch.setattr(RedisSession, "exchange", fail_once)
    notes.put("release")

    wait_until(lambda: all_succeeded(backend, 1), "the end of the job was forgotten")
    assert failures
    assert not worker.failed


def test_a_worker_whose_loop_keeps_failing_ends(
    backend: JobBackend, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("django_jobs.worker.supervision.PAUSE", 0.01)
    monkeypatch.setattr(RedisSession, "exchange", fail)
    worker = start_worker()
    wait_until(worker.over.is_set, "it goes on")
    assert worker.failed


def test_a_worker_that_can_not_start_says_why(
    server: RedisServer, jobs: JobBackend, start_worker: StartWorker
) -> None:
    server.kill9()
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        start_worker()
