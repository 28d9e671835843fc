"""`manage.py jobs check`, as a container's health check runs it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from io import StringIO
from socket import gethostname
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.clock import now_ms
from django_jobs.management.jobs import liveness
from django_jobs.testing import override_backend
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.driver import Driver
from tests.support.ports import HOST, free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE


def start_worker(backend: JobBackend, name: str, *queues: str, quiet: bool = False) -> Driver:
    worker = Driver(backend.broker, name)
    worker.heartbeat(started_at=now_ms(), queues=queues, quiet=quiet)
    return worker


def test_a_broker_that_answers_is_healthy(jobs: Jobs, redis_backend: JobBackend) -> None:
    assert jobs("check").out == "Healthy: 0 workers; the next job has been waiting for 0.0 s.\n"
    assert jobs("check", "--json").json == {
        "healthy": True,
        "problems": [],
        "warnings": [],
        "workers": 0,
        "latency_ms": 0,
    }
    assert jobs("check", "-v", "0").out == ""


def test_workers_can_be_demanded(jobs: Jobs, redis_backend: JobBackend) -> None:
    start_worker(redis_backend, "a")
    start_worker(redis_backend, "b", quiet=True)
    assert jobs("check", "--min-workers", 1).out.startswith("Healthy: 1 worker;")
    with pytest.raises(CommandError) as unhealthy:
        jobs("check", "--min-workers", 2)
    assert unhealthy.value.returncode == 1
    assert str(unhealthy.value) == (
        "Workers that take jobs: 1, fewer than the 2 that are required. Start more with manage.py"
        " runworker."
    )


def test_a_queue_with_jobs_that_no_worker_serves_is_a_problem(
    jobs: Jobs, redis_backend: JobBackend
) -> None:
    start_worker(redis_backend, "a", "critical")
    assert jobs("check").out.startswith("Healthy: 1 worker;")
    tasks.greet.using(queue_name="low").enqueue()
    tasks.greet.using(queue_name="low").enqueue()
    tasks.greet.using(queue_name="critical").enqueue()
    sentence = (
        "No worker serves the queue low, in which 2 jobs wait: start one with manage.py runworker"
        " -q low."
    )
    with pytest.raises(CommandError) as unhealthy:
        jobs("check", "--min-workers", 1)
    assert (unhealthy.value.returncode, str(unhealthy.value)) == (1, sentence)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("jobs", "check", "--json", stdout=out)
    assert json.loads(out.getvalue())["problems"] == [sentence]


@pytest.mark.parametrize("queues", [(), ("critical", "low")])
def test_a_queue_is_served_by_a_worker_of_every_queue_and_by_one_that_names_it(
    queues: tuple[str, ...], jobs: Jobs, redis_backend: JobBackend
) -> None:
    tasks.greet.using(queue_name="low").enqueue()
    worker = start_worker(redis_backend, "a", *queues)
    assert jobs("check").out.startswith("Healthy: 1 worker;")
    worker.heartbeat(started_at=now_ms(), queues=queues, quiet=True)
    with pytest.raises(CommandError, match="No worker serves the queue low, in which 1 job waits"):
        jobs("check")
    redis_backend.broker.inspection.pause("low")
    assert jobs("check").out.startswith("Healthy: 0 workers;")


def test_a_latency_can_be_demanded(jobs: Jobs, redis_backend: JobBackend) -> None:
    start_worker(redis_backend, "a")
    tasks.greet.using(queue_name="low").enqueue()
    assert jobs("check", "--max-latency", 3600).out.startswith("Healthy")
    while not redis_backend.broker.inspection.queues()[0].latency:
        pass  # its first millisecond
    with pytest.raises(CommandError, match="A job of the queue low has been waiting for"):
        jobs("check", "--max-latency", 0)
    redis_backend.broker.inspection.pause("low")
    assert jobs("check", "--max-latency", 0).out.startswith("Healthy")


def test_a_server_that_loses_jobs_is_a_problem(
    jobs: Jobs, redis_server_factory: Callable[..., RedisServer]
) -> None:
    server = redis_server_factory("maxmemory 100mb", "maxmemory-policy allkeys-lru")
    risky = override_backend("redis", url=server.url)
    with risky, pytest.raises(CommandError, match="allkeys-lru"):
        jobs("check")


def test_a_server_that_is_away_is_a_problem(jobs: Jobs) -> None:
    away = override_backend("redis", url=f"redis://:secret@127.0.0.1:{free_port()}/0")
    with away, pytest.raises(CommandError, match="does not answer") as unhealthy:
        jobs("check")
    assert "secret" not in str(unhealthy.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--min-workers", "-1"), "give a whole number of at least 0, not '-1'."),
        (("--max-latency", "soon"), "give a number of seconds of at least 0, not 'soon'."),
        (("--max-latency", "nan"), "give a number of seconds of at least 0, not 'nan'."),
    ],
)
def test_limits_that_are_none_are_refused(
    jobs: Jobs, arguments: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(CommandError) as refused:
        jobs("check", *arguments)
    assert sentence in str(refused.value)


def test_memory_cannot_be_checked_from_outside(jobs: Jobs) -> None:
    with pytest.raises(CommandError, match="there is nothing to check from outside"):
        jobs("check")


def test_a_redis_with_snapshots_only_is_warned_of(
    jobs: Jobs, redis_server_factory: Callable[..., RedisServer]
) -> None:
    # As Redis is set up where nobody changes it.
    server = redis_server_factory("appendonly no", "save 3600 1 300 100 60 10000")
    with override_backend("redis", url=server.url):
        said = jobs("check")
        assert said.out.startswith("Healthy:")
        assert said.err.startswith(f"Warning: Redis at {server.url} keeps only snapshots on disk.")
        assert "set appendonly yes" in said.err
        told = jobs("check", "--json").json
    assert (told["healthy"], len(told["warnings"])) == (True, 1)


# --- live --------------------------------------------------------------------------------------


@pytest.fixture
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Redis take longer to answer: other tests run at the same time."""
    monkeypatch.setattr(liveness, "LIMIT", DEADLINE)


def start_here(backend: JobBackend, name: str, **info: Any) -> None:
    Driver(backend.broker, name).heartbeat(started_at=now_ms(), host=gethostname(), **info)


@pytest.mark.usefixtures("busy_machine")
def test_a_worker_of_this_machine_is_live_whatever_else_is_wrong(
    jobs: Jobs, redis_backend: JobBackend
) -> None:
    start_here(redis_backend, "a", quiet=True)
    start_here(redis_backend, "b")
    tasks.greet.using(queue_name="low").enqueue()
    assert jobs("check", "--live").out == f"Live: 2 workers on {gethostname()}.\n"
    assert jobs("check", "--live", "--json").json == {
        "live": True,
        "workers": 2,
        "host": gethostname(),
    }


@pytest.mark.usefixtures("busy_machine")
def test_without_a_worker_of_this_machine_there_is_no_life(
    jobs: Jobs, redis_backend: JobBackend
) -> None:
    Driver(redis_backend.broker, "a").heartbeat(started_at=now_ms(), host="elsewhere")
    with pytest.raises(CommandError) as dead:
        jobs("check", "--live")
    assert dead.value.returncode == 1
    assert str(dead.value) == (
        f"No worker on {gethostname()} sends heartbeats: start one with manage.py runworker."
    )


def test_while_redis_is_away_nothing_is_restarted(jobs: Jobs) -> None:
    with override_backend("redis", url=f"redis://:secret@127.0.0.1:{free_port()}/0"):
        said = jobs("check", "--live")
        assert jobs("check", "--live", "--json").json["live"] is None
    assert said.out == ""
    assert said.err.startswith("Warning: it is unknown whether workers live.")
    assert "secret" not in said.err


def test_a_redis_that_hangs_is_not_waited_for(jobs: Jobs) -> None:
    with socket.create_server((HOST, 0)) as silent:
        url = f"redis://{HOST}:{silent.getsockname()[1]}/0"
        with override_backend("redis", url=url, socket_timeout=600):
            said = jobs("check", "--live")
    assert said.err == (
        "Warning: it is unknown whether workers live. The broker did not answer within 0.3 s.\n"
    )


@pytest.mark.parametrize("limit", [("--min-workers", 1), ("--max-latency", 5)])
def test_live_takes_no_limits(
    jobs: Jobs, redis_backend: JobBackend, limit: tuple[str, int]
) -> None:
    with pytest.raises(CommandError, match="--live checks nothing but") as refused:
        jobs("check", "--live", *limit)
    assert refused.value.returncode == 2
