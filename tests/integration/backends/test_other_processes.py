"""Jobs in Redis are the same for every process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends import JobBackend, is_persistent
from django_jobs.errors import BrokerUnavailable
from django_jobs.worker.worker import Worker
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure, Start
from tests.support.paths import ROOT
from tests.support.results import ended, succeeded
from tests.support.warm_python import run

ELSEWHERE = """
import json, os, sys
import django
from django.conf import settings
settings.TASKS = json.loads(os.environ["TASKS"])
django.setup()
from tests.apps.backend_site import tasks
from tests.support.results import succeeded
print(json.dumps({program}))
"""


def elsewhere(program: str, tasks_setting: dict[str, Any]) -> Any:
    """Return what an expression is in a process of its own."""
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TASKS": json.dumps(tasks_setting),
        "PYTHONPATH": str(ROOT),
    }
    text = ELSEWHERE.replace("{program}", program)
    done = run(["-c", text], ROOT, os.environ | variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def kind() -> str:
    return "redis"


def test_a_job_of_another_process_runs_here(start: Start, settings: Any) -> None:
    start()
    job_id = elsewhere("tasks.echo.enqueue('from there').id", settings.TASKS)
    assert succeeded(tasks.echo.get_result(job_id)) == [["from there"], {}]


def test_the_result_of_a_job_of_here_is_known_in_another_process(
    start: Start, settings: Any
) -> None:
    start()
    result = tasks.echo.enqueue("from here")
    ended(result)
    program = f"succeeded(tasks.echo.get_result('{result.id}'))"
    assert elsewhere(program, settings.TASKS) == [["from here"], {}]


def test_the_error_of_a_job_of_here_is_known_in_another_process(
    start: Start, settings: Any
) -> None:
    start()
    result = ended(tasks.fail.enqueue("value"))
    program = (
        f"[error.exception_class_path for error in tasks.fail.get_result('{result.id}').errors]"
    )
    assert elsewhere(program, settings.TASKS) == ["builtins.ValueError"] * 2


def test_only_redis_outlives_the_process(configure: Configure) -> None:
    persistent = {}
    for name in ("thread_pool", "redis", "inline", "dummy"):
        configure(name)
        persistent[name] = is_persistent()
    assert persistent == {"thread_pool": False, "redis": True, "inline": False, "dummy": False}


def test_jobs_in_redis_wait_while_the_site_uses_threads(
    configure: Configure, work: Callable[[JobBackend], Worker | None]
) -> None:
    configure("redis", namespace="kept")
    job_id = tasks.echo.enqueue("in Redis").id
    configure("thread_pool")
    assert succeeded(tasks.echo.enqueue("in a thread")) == [["in a thread"], {}]

    backend = configure("redis", namespace="kept")
    waiting = tasks.echo.get_result(job_id)
    assert waiting.status == "READY"
    work(backend)
    assert succeeded(waiting) == [["in Redis"], {}]


def test_a_redis_that_is_gone_is_named_without_its_password(configure: Configure) -> None:
    # Port 1 of this machine, where nobody listens.
    configure("redis", url="redis://user:secret@127.0.0.1:1/0")
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1.*REDIS_URL") as caught:
        tasks.echo.enqueue(1)
    assert "secret" not in str(caught.value)


def test_a_job_is_kept_when_the_server_dies(
    configure: Configure, redis_server_factory: Any
) -> None:
    server = redis_server_factory("appendfsync always")
    backend: JobBackend = configure("redis", url=server.url)
    result = tasks.echo.enqueue("kept")
    server.kill9()
    with pytest.raises(BrokerUnavailable):
        result.refresh()
    server.start()
    result.refresh()
    assert (result.status, backend.broker.inspection.find(result.id) is None) == ("READY", False)
