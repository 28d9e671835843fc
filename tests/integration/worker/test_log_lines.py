"""The log lines of workers, with production settings and with any `LOGGING`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from django_jobs.backends import RedisBackend
from django_jobs.brokers.constants import POSTPONED_MS
from django_jobs.clock import now_ms
from django_jobs.compat import Task
from django_jobs.jobs.records import State
from django_jobs.logs.fields import JOB_LOGGER
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of
from tests.support.paths import ROOT
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Site

LINE = re.compile(r"(DEBUG|INFO|WARNING|ERROR) Task id=(\S+) (.*)$", re.MULTILINE)


def lines(said: str, result: Any) -> list[str]:
    """Return the lines that tell of a job: the level, and all behind its id."""
    return [f"{level} {rest}" for level, job_id, rest in LINE.findall(said) if job_id == result.id]


@pytest.fixture
def corrupt(redis_url: str, backend: RedisBackend) -> Callable[..., None]:
    """Overwrites a field of a job in Redis."""

    def write(result: Any, field: str, value: str) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.hset(f"{{{backend.configuration.namespace}}}:j:{result.id}", field, value)

    return write


def path_of(task: Task[..., Any]) -> str:
    return f"path={task.module_path}"


def mails(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.iterdir()] if folder.exists() else []


def test_every_final_failure_is_one_error_line(site: Site, tmp_path: Path) -> None:
    failed = tasks.fail.enqueue("no luck")
    in_loop = tasks.fail_in_loop.enqueue()
    discarded = tasks.end_with.enqueue("discard")
    succeeded = tasks.note.enqueue("fine")

    worker = site.start("--burst", WORKER_MAILS=str(tmp_path / "mails"))
    assert worker.end() == 0

    said = worker.said
    for result, task in ((failed, tasks.fail), (in_loop, tasks.fail_in_loop)):
        *retried, last = lines(said, result)
        assert [line.split()[0] for line in retried] == ["WARNING", "WARNING"]
        assert re.fullmatch(
            rf"ERROR {path_of(task)} state=FAILED queue=default attempt=3 duration=\d+ms"
            " exception=builtins.ValueError",
            last,
        )
    assert "ValueError: no luck" in said
    assert "sync.py" not in said  # a traceback begins in the task
    assert lines(said, discarded) == lines(said, succeeded) == []
    if JOB_LOGGER == "django.tasks":  # which hands its errors to Django's mails for ADMINS
        sent = mails(tmp_path / "mails")
        assert len(sent) == 2
        assert not any(discarded.id in mail for mail in sent)


def test_jobs_that_die_without_an_attempt_are_logged_too(
    site: Site, backend: RedisBackend, corrupt: Callable[..., None]
) -> None:
    unknown, unreadable, damaged, in_vain = tasks.note.bulk_enqueue([["x"]] * 4)
    corrupt(unknown, "t", "tests.apps.worker_site.tasks.gone")
    corrupt(unknown, "p", f"0:{now_ms() - POSTPONED_MS}:[]")
    corrupt(unreadable, "a", "[")
    corrupt(damaged, "e", "nonsense")
    corrupt(in_vain, "t", "tests.apps.worker_site.tasks.gone")
    expired = tasks.note.using(expires=0.001).enqueue("late")

    worker = site.start("-v", "2")
    wait_until(lambda: lines(worker.said, damaged), "not told of")
    wait_until(lambda: lines(worker.said, expired), "not told of")
    assert worker.stop() == 0

    said = worker.said
    (last,) = lines(said, unknown)
    assert last.startswith(
        "ERROR path=tests.apps.worker_site.tasks.gone state=FAILED queue=default attempt=0"
    )
    assert "exception=django_jobs.errors.TaskNotFound: There is no task" in last
    (last,) = lines(said, unreadable)
    assert last.startswith(f"ERROR {path_of(tasks.note)} state=FAILED queue=default attempt=1 ")
    assert last.endswith("exception=django_jobs.errors.BrokenPayload")
    (last,) = lines(said, damaged)
    assert last == (
        f"ERROR {path_of(tasks.note)} state=FAILED queue=default attempt=0"
        " exception=django_jobs.errors.BrokenPayload: What is stored for this job is not what"
        " django_jobs writes."
    )
    assert lines(said, in_vain) == []
    assert said.count("Jobs of tests.apps.worker_site.tasks.gone wait for a worker") == 1
    (discarded,) = lines(said, expired)
    assert discarded.startswith(
        f"INFO {path_of(tasks.note)} state=DISCARDED queue=default attempt=1"
    )
    assert "exception=django_jobs.errors.JobExpired: " in discarded
    assert record_of(backend, expired).state is State.DISCARDED


def test_verbosity_2_writes_the_start_and_the_end_of_each_job(site: Site) -> None:
    note = tasks.note.enqueue("fine")
    crowd = tasks.wait_for_crowd.enqueue(1)
    discarded = tasks.end_with.enqueue("discard")

    # A LOGGING that turns off the loggers that exist when it is read, which all do here.
    worker = site.start(
        *("--burst", "-v", "2"),
        WORKER_LOGGING=json.dumps({"version": 1}),
        WORKER_WATCHED="django_jobs.tasks.definition",
    )
    assert worker.end() == 0

    for result, path in ((note, path_of(tasks.note)), (crowd, path_of(tasks.wait_for_crowd))):
        start, end = lines(worker.said, result)
        assert start == f"INFO {path} state=RUNNING queue=default attempt=1"
        end_of_success = rf"INFO {path} state=SUCCESSFUL queue=default attempt=1 duration=\d+ms"
        assert re.fullmatch(end_of_success, end)
    _, end = lines(worker.said, discarded)
    assert end.startswith(f"INFO {path_of(tasks.end_with)} state=DISCARDED")
    assert end.endswith("exception=django_jobs.errors.Discard: that is enough")


def test_what_the_site_says_of_these_loggers_holds(site: Site, tmp_path: Path) -> None:
    failed = tasks.fail.enqueue("no luck")
    own = tmp_path / "own.log"
    form = "%(levelname)s %(message)s | %(task)s %(job_id)s %(queue)s %(attempt)d %(exception)s"
    logging = {
        "version": 1,
        "formatters": {"own": {"format": form}},
        "handlers": {
            "own": {"class": "logging.FileHandler", "filename": str(own), "formatter": "own"}
        },
        "loggers": {JOB_LOGGER: {"handlers": ["own"], "level": "ERROR", "propagate": False}},
    }

    worker = site.start("--burst", "-v", "2", WORKER_LOGGING=json.dumps(logging))
    assert worker.end() == 0

    assert lines(worker.said, failed) == []
    (line,) = lines(own.read_text(), failed)
    assert line.endswith(f"| {tasks.fail.module_path} {failed.id} default 3 builtins.ValueError")


def test_the_thread_pool_of_a_web_process_shows_failures(site: Site) -> None:
    program = (
        "import django; django.setup(); from tests.apps.worker_site import tasks;"
        "tasks.fail.using(backend='threads').enqueue('no luck')"
    )
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.apps.worker_site.settings",
        "WORKER_NOTES": str(site.notes.path),
    }

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )

    said = ended.stderr
    assert said.count("state=RETRYING") == 2
    assert said.count("state=FAILED queue=default attempt=3") == 1
    assert "ValueError: no luck" in said
