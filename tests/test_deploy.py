"""The systemd units of deploy/ are valid and fit the worker."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser, SectionProxy
from pathlib import Path

import pytest

from django_jobs.options import BackendOptions

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
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
    assert worker["ExecStart"].endswith("manage.py runworker")


def test_systemd_waits_longer_than_running_jobs_may_take() -> None:
    for unit in UNITS:
        assert int(service(unit.name)["TimeoutStopSec"]) > BackendOptions().shutdown_timeout
