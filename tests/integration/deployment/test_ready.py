"""The commands of the checklist work on a site whose worker runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.deployment.project import DeployedProject
from tests.support.paths import ROOT
from tests.support.waiting import wait_until
from tests.support.warm_python import run

COMMAND = re.compile(r"(?m)^ {6}manage\.py (.*)$")


@pytest.fixture
def variables(redis_url: str) -> dict[str, str]:
    return {"JOB_BACKEND": "redis", "REDIS_URL": redis_url}


@pytest.fixture
def worker(plain: DeployedProject, variables: dict[str, str]) -> Iterator[None]:
    """A worker of the site, which has heard of its queues."""
    words = [sys.executable, "manage.py", "runworker"]
    with subprocess.Popen(
        words, cwd=plain.folder, env=plain.environment(**variables), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        while b"Stop:" not in process.stdout.readline():
            assert process.poll() is None
        wait_until(lambda: plain.jobs("check", "--min-workers", "1", **variables).returncode == 0)
        yield
        process.terminate()


@pytest.mark.usefixtures("worker")
def test_every_command_of_the_checklist_succeeds(
    plain: DeployedProject, variables: dict[str, str]
) -> None:
    commands = COMMAND.findall((ROOT / "docs" / "howto" / "ready.md").read_text())
    assert len(commands) >= 8
    failed = {}
    for command in commands:
        words = ("manage.py", *shlex.split(command))
        done = run(words, plain.folder, plain.environment(**variables))
        if done.returncode:
            failed[command] = done.stdout + done.stderr
    assert failed == {}
