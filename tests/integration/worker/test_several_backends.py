"""One process serves several backends: their workers start, run and stop together."""

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

from django_jobs.brokers.messages import WorkerCommand
from django_jobs.jobs.records import State
from django_jobs.management.target import job_backend
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.options import WorkerOptions
from tests.apps.worker_site import tasks
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Notes, Site

REDIS = "django_jobs.backends.RedisBackend"


@pytest.fixture
def second_server(redis_server_factory: Callable[..., RedisServer]) -> RedisServer:
    return redis_server_factory()


@pytest.fixture
def options(redis_url: str, second_server: RedisServer) -> dict[str, dict[str, Any]]:
    """The options of two backends with a Redis each."""
    common = {"concurrency": 2, "lease": 4, "namespace": secrets.token_hex(4)}
    return {
        "default": {"url": redis_url, **common},
        "second": {"url": second_server.url, "socket_timeout": 1, **common},
    }


@pytest.fixture(autouse=True)
def _backends(options: dict[str, dict[str, Any]], notes: Notes) -> Iterator[None]:
    """Configures these backends, and one in memory."""
    aliases = {
        alias: {"BACKEND": REDIS, "QUEUES": [], "OPTIONS": options[alias]} for alias in options
    }
    aliases["threads"] = {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}
    with override_settings(TASKS=aliases):
        yield


@pytest.fixture
def site(tmp_path: Path, options: dict[str, dict[str, Any]]) -> Iterator[Site]:
    """A site with both backends, whose workers are processes."""
    variables = {"WORKER_FURTHER": json.dumps({"second": options["second"]})}
    made = Site(tmp_path, options["default"], variables)
    yield made
    made.end()


def enqueue(alias: str, text: str) -> str:
    return tasks.note.using(backend=alias).enqueue(text).id


def state(alias: str, job_id: str) -> State | None:
    record = job_backend(alias).broker.inspection.find(job_id)
    return record.state if record else None


def burst(**options: Any) -> str:
    out = StringIO()
    call_command("runworker", burst=True, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def start_group() -> Iterator[Callable[..., WorkerGroup]]:
    """Start a worker for each backend in this process."""
    groups: list[WorkerGroup] = []

    def start(**options: Any) -> WorkerGroup:
        group = WorkerGroup(
            [
                job_backend(alias).make_worker(WorkerOptions(concurrency=2, **options))
                for alias in ("default", "second")
            ]
        )
        group.sign_on()
        groups.append(group)
        group.start()
        return group

    yield start
    for group in groups:
        group.stop(0)


@pytest.mark.parametrize("arguments", [{"backend": ["default", "second"]}, {"all_backends": True}])
def test_a_burst_runs_the_jobs_of_all_backends(
    arguments: dict[str, Any], notes: Notes, options: dict[str, dict[str, Any]]
) -> None:
    first, second = enqueue("default", "one"), enqueue("second", "two")

    said = burst(**arguments)

    assert sorted(notes.lines) == ["one", "two"]
    assert state("default", first) is State.SUCCEEDED
    assert state("second", second) is State.SUCCEEDED
    assert said.count("serves all queues") == 2
    for alias, its in options.items():
        place = f"{its['url']}, namespace {its['namespace']}"
        assert f"[{alias}] TASKS['{alias}'] is RedisBackend and keeps jobs in {place}." in said


def test_without_an_argument_only_the_default_backend_is_served(notes: Notes) -> None:
    enqueue("default", "one")
    second = enqueue("second", "two")

    burst()

    assert notes.lines == ["one"]
    assert state("second", second) is State.QUEUED


def test_an_operator_who_stops_one_worker_stops_the_process(
    start_group: Callable[..., WorkerGroup],
) -> None:
    group = start_group()
    (worker,) = job_backend("second").broker.inspection.workers()

    job_backend("second").broker.inspection.command_worker(worker.id, WorkerCommand.STOP)

    wait_until(group.over.is_set)


def test_an_operator_who_makes_one_worker_quiet_leaves_the_others_alone(
    start_group: Callable[..., WorkerGroup], notes: Notes
) -> None:
    group = start_group()
    first, second = group.workers
    job_backend("second").broker.inspection.command_worker(second.id, WorkerCommand.QUIET)
    wait_until(lambda: not second.takes_jobs)

    enqueue("default", "one")

    notes.wait_for("one")
    assert first.takes_jobs
    assert group.hindrance == "The worker of 'second' is quiet or stopping."
    assert not group.over.is_set()


def test_a_worker_that_has_run_its_share_ends_the_process_with_the_last_job(
    start_group: Callable[..., WorkerGroup], notes: Notes
) -> None:
    group = start_group(max_jobs=1)
    held = tasks.hold.using(backend="second").enqueue("held")
    notes.wait_for("begin held 1")

    enqueue("default", "one")

    wait_until(group.workers[0].over.is_set)
    assert not group.over.is_set()
    notes.put("release")
    wait_until(group.over.is_set)
    assert state("second", held.id) is State.SUCCEEDED


def test_a_failure_of_one_worker_ends_the_process(
    start_group: Callable[..., WorkerGroup],
) -> None:
    group = start_group()

    group.workers[1]._fail()  # noqa: SLF001 (as its supervised threads do)

    wait_until(group.over.is_set)
    assert group.failed


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_signal_stops_the_workers_of_all_backends(site: Site, processes: str) -> None:
    worker = site.start("--all-backends", "--processes", processes, ready=False)
    jobs = {alias: enqueue(alias, alias) for alias in ("default", "second")}
    site.notes.wait_for("default")
    site.notes.wait_for("second")

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(DEADLINE) == 0, worker.said
    for alias, job_id in jobs.items():
        assert state(alias, job_id) is State.SUCCEEDED
        assert job_backend(alias).broker.inspection.workers() == ()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"backend": ["default", "default"]}, "'default' is named twice"),
        ({"backend": ["default", "secnd"]}, "Did you mean 'second'"),
        ({"backend": ["default", "threads"]}, "whose jobs no separate worker can run"),
        ({"backend": ["second"], "all_backends": True}, "either --backend or --all-backends"),
    ],
)
def test_backends_that_cannot_be_served_are_refused(
    arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        burst(**arguments)


def test_all_backends_may_be_none() -> None:
    threads = {"default": {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}}
    with (
        override_settings(TASKS=threads),
        pytest.raises(CommandError, match="TASKS has no backend"),
    ):
        burst(all_backends=True)
