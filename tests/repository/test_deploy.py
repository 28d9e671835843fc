"""The systemd units of deploy/ are valid and fit the worker."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser, SectionProxy
from pathlib import Path

import pytest

from django_jobs.conf.options import BackendOptions
from django_jobs.conf.queues import parse_queues
from django_jobs.conf.variables import JOB_QUEUES
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


def service(name: str) -> SectionProxy:
    """The [Service] section of a unit."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / name)
    return parser["Service"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    # The program of the unit must be on the machine that checks it.
    copy.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text()))
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    # Unknown keys are only remarked upon, with exit status 0.
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_worker_tells_systemd_that_it_lives() -> None:
    worker = service("feedback-worker.service")
    assert worker["Type"] == "notify"
    assert int(worker["WatchdogSec"]) > 0
    assert (worker["Restart"], worker["SuccessExitStatus"]) == ("always", "3")
    assert "manage.py runworker -q critical:100 " in worker["ExecStart"]


def test_systemd_waits_longer_than_running_jobs_may_take() -> None:
    for unit in UNITS:
        assert int(service(unit.name)["TimeoutStopSec"]) > BackendOptions().shutdown_timeout


def test_the_workers_serve_all_queues_between_them() -> None:
    commands = [service(f"feedback-{name}.service")["ExecStart"] for name in ("worker", "pictures")]
    served = {name for one in commands for name in re.findall(r"-q ([a-z]+)", one)}
    assert served == {queue.name for queue in parse_queues(JOB_QUEUES.default)}


CONFINED = re.compile(r"(?ms)^# Remove access that neither.*?(?=^\[Install\])")


def test_all_units_are_confined_alike() -> None:
    found = [CONFINED.findall(unit.read_text()) for unit in UNITS]
    assert len(found) == 3
    assert found[0]
    assert found[0] == found[1] == found[2]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_little_exposed(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(unit)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
