"""When a process ends, the jobs in its memory are finished first or named in its log."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.backends.program import Program
from tests.integration.backends.web_servers import (
    ASGI,
    GRANIAN,
    GUNICORN,
    PLAIN_ASGI,
    RUNSERVER,
    UVICORN,
)
from tests.support.waiting import wait_until

JOBS = 6
SECONDS = 0.2

SERVERS: dict[str, tuple[list[str], signal.Signals]] = {
    "runserver, Ctrl-C": ([*RUNSERVER, "--noreload"], signal.SIGINT),
    "gunicorn preload": ([*GUNICORN, "--preload", "--workers", "2"], signal.SIGTERM),
    "uvicorn, Ctrl-C": ([*UVICORN, PLAIN_ASGI], signal.SIGINT),
    "uvicorn lifespan": ([*UVICORN, ASGI], signal.SIGTERM),
    "granian asgi": ([*GRANIAN, "--interface", "asginl", PLAIN_ASGI], signal.SIGTERM),
}
"""Servers and ways to end them that `test_servers_that_end_under_load` lacks."""


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_finishes_its_jobs_before_it_ends(tmp_path: Path, server: str) -> None:
    command, how = SERVERS[server]
    program = Program(command, tmp_path)
    try:
        program.enqueue(JOBS, SECONDS)
        os.kill(program.process.pid, how)
        program.wait()
    finally:
        program.kill()
    assert program.effects == list(range(JOBS)), program.log
    assert "Traceback" not in program.log
    assert "lost with it" not in program.log


def test_code_that_changes_waits_for_the_jobs(tmp_path: Path) -> None:
    program = Program(RUNSERVER, tmp_path, SERVED_DEBUG="1")
    try:
        program.enqueue(JOBS, SECONDS)
        program.reload()
        wait_until(lambda: len(program.effects) == JOBS, "the end of the jobs")

        def another_has_run() -> bool:
            program.enqueue(1, 0)  # again and again: the process that ends may take one with it
            return len(program.effects) > JOBS

        wait_until(another_has_run, "a job after the reload")
    finally:
        program.kill()


COMMAND = ["python", "-m", "django", "enqueue_and_end"]


def test_a_command_that_ends_after_enqueueing_finishes_its_jobs(tmp_path: Path) -> None:
    program = Program([*COMMAND, "20", "0.01"], tmp_path)
    assert program.wait() == 0, program.log
    assert program.effects == list(range(20))
    assert "lost" not in program.log


def test_what_takes_longer_than_the_timeout_is_named(tmp_path: Path) -> None:
    program = Program([*COMMAND, "5", "60"], tmp_path, SERVED_SHUTDOWN_TIMEOUT="0.3")
    assert program.wait() == 0, program.log
    assert "5 of tests.apps.served.tasks.leave_effect" in program.log
    ids = re.findall(r"^[0-9a-f]{24}$", program.log, re.MULTILINE)
    assert len(ids) == 5
    assert all(f"leave_effect ({job_id})" in program.log for job_id in ids)


FORKING = """
import os, sys, threading
import django
django.setup()
from tests.apps.served.tasks import leave_effect
leave_effect.enqueue(0, 0)
child = os.fork()
leave_effect.enqueue(2 if child else 1, 0)
if child:
    os.waitpid(child, 0)
"""


def test_the_child_of_a_fork_has_threads_of_its_own(tmp_path: Path) -> None:
    program = Program(["python", "-W", "ignore", "-c", FORKING], tmp_path)
    assert program.wait() == 0, program.log
    assert program.effects == [0, 1, 2], program.log


SILENT_CHILD = """
import os, sys
import django
django.setup()
from tests.apps.served.tasks import leave_effect
leave_effect.enqueue(0, 0.3)
child = os.fork()
if child:
    os.waitpid(child, 0)
"""


def test_the_child_of_a_fork_does_not_wait_for_its_parent_s_jobs(tmp_path: Path) -> None:
    program = Program(
        ["python", "-W", "ignore", "-c", SILENT_CHILD], tmp_path, SERVED_SHUTDOWN_TIMEOUT="60"
    )
    assert program.wait() == 0, program.log
    assert program.effects == [0], program.log


FIRST_JOB_AT_EXIT = """
import atexit
import django
django.setup()
from django_jobs.errors import BrokerRefused
from tests.apps.served.tasks import leave_effect
def enqueue():
    try:
        leave_effect.enqueue(0, 0)
    except BrokerRefused as error:
        print("refused:", error)
for _ in range(2):
    atexit.register(enqueue)
"""


def test_what_a_hook_at_exit_enqueues_first_is_refused(tmp_path: Path) -> None:
    program = Program(["python", "-c", FIRST_JOB_AT_EXIT], tmp_path)
    assert program.wait() == 0, program.log
    assert program.log.count("refused: This process is ending and runs no more jobs") == 2, (
        program.log
    )
    assert program.effects == []


FIRST_JOB_AFTER_MAIN = """
import threading
import django
django.setup()
from tests.apps.served.tasks import leave_effect
def enqueue():
    threading.main_thread().join()
    leave_effect.enqueue(0, 0.3)
threading.Thread(target=enqueue, daemon=False).start()
"""


@pytest.mark.skipif(
    sys.version_info[:2] == (3, 12), reason="Python 3.12 starts no thread during its shutdown"
)
def test_what_a_thread_enqueues_first_after_the_main_thread_runs(tmp_path: Path) -> None:
    program = Program(["python", "-c", FIRST_JOB_AFTER_MAIN], tmp_path)
    assert program.wait() == 0, program.log
    assert program.effects == [0], program.log
