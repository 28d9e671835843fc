"""The commands in processes of their own: exit codes, and real workers."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any, TypeAlias

import pytest
from django.core.management import call_command, execute_from_command_line
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.compat import BaseTaskBackend, TaskResultStatus
from django_jobs.jobs.records import State
from django_jobs.tasks.redaction.names import MASK
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Answer, Jobs, Process
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE

Start: TypeAlias = "Callable[..., subprocess.Popen[str]]"


@pytest.fixture
def start_worker(environment: dict[str, str], redis_url: str) -> Iterator[Start]:
    """Start `manage.py jobs work`; return when it serves."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-um", "django", "jobs", "work", *arguments],
            env=environment | {"JOB_BACKEND": "redis", "REDIS_URL": redis_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout
        said = ""
        while "Stop: Ctrl-C" not in said:
            said += (line := process.stdout.readline())
            if not line:
                pytest.fail(f"it ended, and said:\n{said}")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_work_runs_jobs_as_runworker_does(start_worker: Start, redis_backend: JobBackend) -> None:
    result = tasks.greet.enqueue("Bob")
    worker = start_worker("--burst", "-q", "default")
    assert worker.wait(DEADLINE) == 0
    result.refresh()
    assert result.status is TaskResultStatus.SUCCESSFUL
    assert result.return_value == "Hello, Bob"


@pytest.mark.parametrize("command", [("runworker",), ("jobs", "work")])
def test_a_burst_runs_in_any_thread_of_any_process(
    command: tuple[str, ...], redis_backend: JobBackend
) -> None:
    first, second = tasks.greet.enqueue("Ann"), tasks.greet.enqueue("Bob")
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    out = StringIO()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(call_command, *command, "--burst", "--no-reload", stdout=out).result(DEADLINE)
    tasks.greet.enqueue("Cleo")
    call_command(*command, "--burst", stdout=out)

    for result in (first, second):
        result.refresh()
        assert result.status is TaskResultStatus.SUCCESSFUL
    assert redis_backend.broker.inspection.counts()[State.SUCCEEDED] == 3
    assert out.getvalue().count("Stop: Ctrl-C") == 2
    assert [signal.getsignal(number) for number in signal.valid_signals()] == handlers


def test_a_call_from_code_says_what_only_the_command_line_can(
    redis_backend: JobBackend,
) -> None:
    with pytest.raises(CommandError, match="processes works on the command line only"):
        call_command("runworker", processes=2)
    with pytest.raises(CommandError, match="reload works on the command line only"):
        call_command("runworker", reload=True)


def test_a_worker_is_seen_quieted_and_stopped(
    start_worker: Start, redis_backend: JobBackend, jobs: Jobs
) -> None:
    worker = start_worker()
    while not (alive := jobs("workers", "--json").json):
        assert worker.poll() is None
    assert alive[0]["pid"] == worker.pid
    jobs("stop", alive[0]["id"])
    assert worker.wait(DEADLINE) == 0
    assert jobs("workers", "--json").json == []


def exit_code(*arguments: str) -> object:
    """Return how a process ends with this command line."""
    try:
        execute_from_command_line(["manage.py", *arguments])
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.usefixtures("redis_backend")
def test_exit_codes_tell_how_it_went() -> None:
    assert exit_code("jobs", "check") == 0
    assert exit_code("jobs", "check", "--min-workers", "1") == 1
    assert exit_code("jobs", "show", "nope") == 1
    assert exit_code("jobs", "retry") == 2
    assert exit_code("jobs", "list", "--state", "lost") == 2


def test_an_unreachable_redis_is_one_sentence(manage: Process) -> None:
    away = f"redis://:secret@127.0.0.1:{free_port()}/0"
    failed = manage("jobs", "stats", "-v", "0", JOB_BACKEND="redis", REDIS_URL=away)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.count("\n") == 1
    assert "does not answer" in failed.stderr
    assert "secret" not in failed.stderr


def test_an_unreachable_redis_is_unhealthy_in_json(manage: Process) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    failed = manage("jobs", "check", "--json", JOB_BACKEND="redis", REDIS_URL=away)
    assert failed.returncode == 1
    answer = Answer(failed.stdout, failed.stderr).json
    assert answer["healthy"] is False
    assert answer["workers"] is answer["latency_ms"] is None


@pytest.mark.parametrize("subcommand", ["list", "stats", "queues", "workers"])
def test_memory_of_another_process_cannot_be_seen(jobs: Jobs, subcommand: str) -> None:
    with pytest.raises(CommandError) as refused:
        jobs(subcommand)
    assert str(refused.value) == (
        "TASKS['default'] is ThreadPoolBackend: its jobs are in the memory of the process that"
        " enqueued them, such as a web process, and this process has none. Set"
        " JOB_BACKEND=redis to share jobs between processes, or name another alias with --backend."
    )


def test_a_backend_of_others_cannot_be_seen(jobs: Jobs, settings: Any) -> None:
    package = BaseTaskBackend.__module__.partition(".backends")[0]
    settings.TASKS = {"default": {"BACKEND": f"{package}.backends.dummy.DummyBackend"}}
    with pytest.raises(CommandError, match="which is no backend of django_jobs"):
        jobs("list")


@pytest.mark.usefixtures("redis_backend")
def test_a_process_of_its_own_knows_what_is_secret_and_what_is_not(
    manage: Process, redis_url: str
) -> None:
    job_id = tasks.charge.enqueue("DE02-1203", note="hello").id
    asked = {"JOB_BACKEND": "redis", "REDIS_URL": redis_url}

    shown = manage("jobs", "show", job_id, **asked).stdout
    found = manage("jobs", "list", "--text", "hello", **asked).stdout

    assert f"charge('{MASK}', note='hello')" in shown
    assert job_id in found
