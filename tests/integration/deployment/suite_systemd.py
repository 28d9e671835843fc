"""The units of `jobs systemd` run in a real systemd: `make test-deploy`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.deployment import in_systemd
from tests.integration.deployment.debian import chroot, install, require, site_packages, unpacked
from tests.support.paths import ROOT

FOLDER = "/srv/my shop 100%h"
LIMIT = 900.0
pytestmark = pytest.mark.timeout(LIMIT + 300)
PROBE_UNIT = """
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /in_systemd.py
StandardOutput=append:/probe.log
StandardError=append:/probe.log
[Install]
WantedBy=default.target
"""
ENVIRONMENT = """
JOB_BACKEND=redis
REDIS_URL=redis://127.0.0.1:6379/0
JOB_SHUTDOWN_TIMEOUT=60
SECRET_KEY=only-for-this-test
DATA=/var/lib/shop
"""
TASKS = """
import ctypes, os, time
from pathlib import Path
from django_jobs import task

NOTES = Path(os.environ.get("DATA", ".")) / "notes"
RELEASE = "first release"

def write(text):
    with NOTES.open("a") as notes:
        notes.write(f"{text}\\n")

@task
def note(text):
    if text == "slow":
        write("slow begins")
        time.sleep(5)
    if text == "held":
        write("held begins")
        while not NOTES.with_name("go on").exists():
            time.sleep(0.1)
    hung = NOTES.with_name("hung")
    if text == "hang" and not hung.exists():
        hung.touch()
        ctypes.PyDLL(None).sleep(3600)  # keeps the interpreter's lock
    write(RELEASE if text == "release" else text)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a booted machine with the units saw."""
    require("systemd-nspawn", "mmdebstrap", "chroot")
    scratch = tmp_path_factory.mktemp("systemd")
    root = unpacked(scratch / "root")
    project = install(root, FOLDER, site_packages(scratch / "packages"), owner="shop")
    (project.folder / "shop" / "tasks.py").write_text(TASKS)
    _install_units(root)
    _boot(root)
    report = root / "seen.json"
    assert report.exists(), (root / "probe.log").read_text()
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def _install_units(root: Path) -> None:
    """Do what docs/howto/systemd.md says, with its own lines."""
    environment = root / "etc" / "shop.env"
    environment.write_text(ENVIRONMENT)
    environment.chmod(0o600)
    python = f"{FOLDER}/.venv/bin/python"
    (root / "dev" / "shm").mkdir(exist_ok=True)
    command = (python, f"{FOLDER}/manage.py", "jobs", "systemd", "--write")
    written = chroot(root, *command)
    assert written.count("Wrote /etc/systemd/system/shop-") == 2
    (root / "several").mkdir()
    chroot(root, *command, "--processes", "2", "--directory", "/several")
    several = root / "etc" / "systemd" / "system" / f"{in_systemd.SEVERAL}.service"
    shutil.copy(root / "several" / "shop-worker.service", several)
    chroot(root, "useradd", "--system", "deploy")
    page = (ROOT / "docs" / "howto" / "systemd.md").read_text()
    (sudoers,) = re.findall(r"(?m)^deploy ALL=.*$", page)
    rule = root / "etc" / "sudoers.d" / "shop"
    rule.write_text(f"{sudoers}\n")
    rule.chmod(0o440)
    shutil.copy(in_systemd.__file__, root / "in_systemd.py")
    (root / "etc" / "systemd" / "system" / "probe.service").write_text(PROBE_UNIT)
    chroot(root, "systemctl", "enable", "shop-web", "shop-worker", "redis-server", "probe")


def _boot(root: Path) -> None:
    """Boot it in a container without a network, until it switches itself off."""
    words = ("--quiet", "--register=no", "--keep-unit", "--private-network", "--boot")
    with (root.parent / "console.log").open("w") as console:
        booted = subprocess.run(
            ["systemd-nspawn", *words, "--directory", str(root)],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=LIMIT,
        )
    log = (root.parent / "console.log").read_text(errors="replace")
    if "Failed to" in log and not (root / "probe.log").exists():
        print(log, file=sys.stderr)
    assert booted.returncode == 0, log


def test_everything_was_tried(seen: dict[str, Any]) -> None:
    assert "error" not in seen, json.dumps(seen, indent=1).replace("\\n", "\n")


def test_the_services_start_at_boot_as_the_owner_of_the_project(seen: dict[str, Any]) -> None:
    assert seen["start_at_boot"] == "done"
    assert seen["users"] == ["shop"]


def test_the_status_says_how_many_jobs_run(seen: dict[str, Any]) -> None:
    assert seen["status"] == "Jobs running: 0"
    assert seen["held"] == "done"


def test_a_killed_worker_is_restarted(seen: dict[str, Any]) -> None:
    assert int(seen["restarts"]) == 1


def test_the_watchdog_ends_a_worker_without_progress(seen: dict[str, Any]) -> None:
    assert seen["watchdog"] == "done"


def test_a_reload_makes_the_worker_quiet(seen: dict[str, Any]) -> None:
    assert seen["pid after a reload"] is True
    assert seen["notes of a quiet worker"] is False


def test_the_status_of_several_processes_counts_those_that_serve(seen: dict[str, Any]) -> None:
    assert seen["status of several"] == "2 of 2 worker processes serve, jobs running: 0"


def test_a_reload_of_several_processes_brings_new_code_without_a_restart(
    seen: dict[str, Any],
) -> None:
    during = [text for state, text in seen["reload of several"] if state == "reloading"]
    assert any("loading the site again" in text.lower() for text in during), during
    assert any("with old code" in text for text in during), during
    assert seen["reload_several"] == "done"
    assert seen["the parent stayed"]
    assert seen["restarts of several"] == "0"
    assert seen["result of the stop of several"] == "success"


def test_the_deploy_user_may_restart_the_services_and_nothing_else(seen: dict[str, Any]) -> None:
    assert "allowed" in seen["deploy user may restart"]
    assert "refused" in seen["deploy user may not stop"]


def test_a_running_job_may_finish_when_the_service_stops(seen: dict[str, Any]) -> None:
    assert seen["notes after a stop"] == "slow"
    assert seen["result of a stop"] == "success"
