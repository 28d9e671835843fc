"""One of several Redis servers is away, full or a replica: the others go on, and all say which."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from django_jobs.errors import BrokerError, BrokerUnavailable
from django_jobs.jobs.records import State
from django_jobs.management.target import job_backend
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.options import WorkerOptions
from tests.apps.worker_site import tasks
from tests.integration.worker.probes import Probe
from tests.support.ports import HOST, free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.workers import Notes, Site

ALIASES = ("default", "second", "third")
SILENT = "The broker of 'second' has not answered a heartbeat for longer than the lease."

Servers = dict[str, RedisServer]
StartGroup = Callable[..., WorkerGroup]


@pytest.fixture
def servers(redis_server_factory: Callable[..., RedisServer]) -> Servers:
    return {alias: redis_server_factory() for alias in ALIASES}


@pytest.fixture(autouse=True)
def options(servers: Servers, notes: Notes) -> Iterator[dict[str, dict[str, Any]]]:
    """The options of three backends with a Redis each, which the settings have."""
    common = {"concurrency": 2, "lease": 4, "socket_timeout": 2, "namespace": secrets.token_hex(4)}
    chosen = {alias: {"url": server.url, **common} for alias, server in servers.items()}
    kind = "django_jobs.backends.RedisBackend"
    configured = {
        alias: {"BACKEND": kind, "QUEUES": [], "OPTIONS": chosen[alias]} for alias in ALIASES
    }
    with override_settings(TASKS=configured):
        yield chosen


@pytest.fixture
def site(tmp_path: Path, options: dict[str, dict[str, Any]]) -> Iterator[Site]:
    """A site with all of them, whose workers are processes."""
    further = {alias: options[alias] for alias in ALIASES[1:]}
    made = Site(tmp_path, options["default"], {"WORKER_FURTHER": json.dumps(further)})
    yield made
    made.end()


@pytest.fixture
def start_group() -> Iterator[StartGroup]:
    """Starts a worker for each backend in this process."""
    groups: list[WorkerGroup] = []

    def start(**options: Any) -> WorkerGroup:
        chosen = WorkerOptions(concurrency=2, **options)
        group = WorkerGroup([job_backend(alias).make_worker(chosen) for alias in ALIASES])
        group.sign_on()
        groups.append(group)
        group.start()
        return group

    yield start
    for group in groups:
        group.stop(0)


def enqueue(*aliases: str) -> None:
    """Enqueue a job that notes the alias, in each of these backends."""
    for alias in aliases:
        tasks.note.using(backend=alias).enqueue(alias)


def workers(alias: str) -> int:
    return len(job_backend(alias).broker.inspection.workers())


def check(alias: str) -> str:
    """Return what `jobs check` says of a backend."""
    out = StringIO()
    try:
        call_command("jobs", "check", backend=alias, stdout=out)
    except CommandError as error:
        return str(error)
    return out.getvalue()


def test_a_redis_that_is_down_at_the_start_is_served_when_it_answers(
    servers: Servers, start_group: StartGroup, notes: Notes
) -> None:
    servers["default"].kill9()

    group = start_group()
    enqueue("second", "third")
    notes.wait_for("second")
    notes.wait_for("third")
    assert SILENT.replace("second", "default") in group.hindrance

    servers["default"].start()
    enqueue("default")
    notes.wait_for("default")
    wait_until(lambda: not group.hindrance, lambda: group.hindrance)


def test_workers_do_not_start_if_no_redis_answers(
    servers: Servers, start_group: StartGroup
) -> None:
    for server in servers.values():
        server.kill9()

    with pytest.raises(BrokerUnavailable, match=str(servers["default"].port)):
        start_group()


def test_a_burst_needs_every_redis(servers: Servers, start_group: StartGroup, notes: Notes) -> None:
    enqueue("default")
    servers["second"].kill9()

    with pytest.raises(BrokerUnavailable, match=str(servers["second"].port)):
        start_group(burst=True)

    assert workers("default") == workers("third") == 0
    assert notes.lines == []


def _follow(server: RedisServer) -> None:
    server.client().replicaof(HOST, str(free_port()))  # nobody is there, so it keeps its data


def _lead(server: RedisServer) -> None:
    server.client().replicaof("NO", "ONE")


@pytest.mark.parametrize(
    ("trouble", "end", "sentence"),
    [
        (RedisServer.kill9, RedisServer.start, "does not answer"),
        (_follow, _lead, "is a read-only replica"),
    ],
    ids=["killed", "replica"],
)
def test_a_redis_with_trouble_delays_no_job_of_the_others_and_is_named(
    trouble: Callable[[RedisServer], None],
    end: Callable[[RedisServer], None],
    sentence: str,
    servers: Servers,
    start_group: StartGroup,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    group, server = start_group(), servers["second"]
    trouble(server)
    try:
        wait_until(lambda: group.hindrance == SILENT, lambda: group.hindrance)
        with pytest.raises(BrokerError, match=f":{server.port}.* {sentence}"):
            enqueue("second")
        enqueue("default", "third")
        notes.wait_for("default")
        notes.wait_for("third")
        assert f":{server.port}/0 {sentence}" in check("second")
        assert check("default").startswith("Healthy: ")
    finally:
        end(server)
    wait_until(lambda: not group.hindrance, lambda: group.hindrance)
    enqueue("second")
    notes.wait_for("second")

    told = [each for each in caplog.records if f":{server.port}/0 {sentence}" in each.getMessage()]
    assert {vars(record).get("backend") for record in told} == {"second"}
    assert not group.over.is_set()


def test_a_redis_that_is_full_runs_what_it_has_and_is_named(
    servers: Servers, start_group: StartGroup, notes: Notes
) -> None:
    enqueue("second")
    server = servers["second"]
    server.client().config_set("maxmemory", 1)

    group = start_group()
    notes.wait_for("second")
    with pytest.raises(BrokerError, match=f":{server.port}/0 is full and stored nothing"):
        enqueue("second")
    enqueue("default")
    notes.wait_for("default")
    assert f":{server.port}/0 is full (" in check("second")
    assert check("default").startswith("Healthy: ")
    wait_until(lambda: not group.hindrance, lambda: group.hindrance)

    server.client().config_set("maxmemory", 0)
    enqueue("second")
    notes.wait_for("second", times=2)
    assert check("second").startswith("Healthy: ")


def test_a_redis_that_hangs_spoils_no_end_of_the_others(servers: Servers, site: Site) -> None:
    worker = site.start("--all-backends", ready=False)
    enqueue(*ALIASES)
    for alias in ALIASES:
        site.notes.wait_for(alias)
    tasks.hold.using(backend="third").enqueue("held")
    site.notes.wait_for("begin held 1")
    servers["default"].freeze()
    try:
        worker.wait_for("[default] Can't send heartbeats at the moment")
        worker.send(signal.SIGTERM)
        site.notes.put("release")
        assert worker.end() == 0
        assert "third" in site.notes.lines
        assert job_backend("third").broker.inspection.counts()[State.SUCCEEDED] == 2
        assert workers("second") == workers("third") == 0
    finally:
        servers["default"].thaw()


def test_logs_probes_and_checks_name_the_redis_that_is_away(servers: Servers, site: Site) -> None:
    servers["second"].kill9()
    probe = Probe()
    arguments = ("--all-backends", "--processes", "2", "--probe", probe.address)
    worker = site.start(*arguments, ready=False)
    enqueue("default", "third")
    site.notes.wait_for("default")
    site.notes.wait_for("third")

    worker.wait_for("[second] Warning: the broker of 'second' does not answer yet.")
    worker.wait_for("[second] Can't send heartbeats at the moment, and will keep trying: Redis at")
    probe.wait_for("ready", (503, f"0 of 2 worker processes are ready. {SILENT}\n"))
    assert probe.ask("live")[0] == 200
    assert probe.ask("metrics")[0] == 200
    assert check("default").startswith("Healthy: ")
    assert f":{servers['second'].port}/0 does not answer" in check("second")

    servers["second"].start()
    probe.wait_for("ready", (200, "OK\n"))
    worker.wait_for("[second] Can send heartbeats again")
    away = f":{servers['second'].port}/0"
    assert all("[second]" in line for line in worker.said.splitlines() if away in line)
    assert check("second").startswith("Healthy: ")
