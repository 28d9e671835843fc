"""The lines of `manage.py jobs procfile` run, as a platform would start them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.integration.deployment.project import DeployedProject
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE, wait_until


@pytest.fixture
def port() -> int:
    """The port that the platform chooses."""
    return free_port()


@pytest.fixture
def processes(
    project: DeployedProject, port: int, redis_url: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The processes of the Procfile, after its release phase."""
    lines = dict(re.findall(r"(?m)^([a-z]+): (.*)$", project.printed("procfile")))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = project.environment(
        PATH=path, PORT=str(port), JOB_BACKEND="redis", REDIS_URL=redis_url
    )
    subprocess.run(
        ["sh", "-c", lines.pop("release")], cwd=project.folder, env=variables, check=True
    )
    with ExitStack() as stack:
        started = {}
        for name, line in lines.items():
            started[name] = stack.enter_context(
                subprocess.Popen(
                    ["sh", "-c", f"exec {line}"],
                    cwd=project.folder,
                    env=variables,
                    start_new_session=True,
                )
            )
            stack.callback(end, started[name])
        yield started


def end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def test_a_job_goes_from_the_web_process_to_the_worker_and_term_ends_both(
    processes: dict[str, subprocess.Popen[bytes]], project: DeployedProject, port: int
) -> None:
    def enqueue() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{port}/enqueue/job/", timeout=30).is_success
        return False

    wait_until(enqueue, "the web process")
    wait_until((project.folder / "notes").exists, "the worker")

    for process in processes.values():
        os.killpg(process.pid, signal.SIGTERM)  # as platforms do: each process gets it
    processes["web"].wait(DEADLINE)
    assert processes["worker"].wait(DEADLINE) == 0
