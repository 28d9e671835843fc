"""The commands of the Makefile give clear messages and no tracebacks on a new machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.ports import free_port

ENVIRONMENT = Path(sys.prefix)
OF_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # of the make that may have started these tests


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make with the environment of this test run, which counts as installed."""
    installed = ENVIRONMENT / "installed"
    return subprocess.run(
        ["make", f"VENV={ENVIRONMENT}", "-o", str(installed), *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in OF_MAKE} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def script(name: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of scripts/."""
    return subprocess.run(
        [str(ROOT / "scripts" / name), *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_the_commands() -> None:
    listed = make().stdout
    for target in ("run", "test", "dev", "lint", "help"):
        assert f"make {target} " in listed


@pytest.mark.parametrize("target", ["run", "dev"])
def test_a_taken_port_is_reported_in_one_line(target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = make(target, PORT=str(port))

    assert refused.returncode != 0
    first, *rest = refused.stderr.splitlines()
    assert (
        first
        == f"Port {port} is taken by another program. Choose another one, such as PORT={port + 1}."
    )
    assert all(line.startswith("make: ") for line in rest)


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_told(value: str) -> None:
    checker = str(ROOT / "scripts" / "check_port.py")
    refused = subprocess.run(
        [sys.executable, checker, value], capture_output=True, text=True, check=False
    )
    assert refused.stderr == f"PORT={value} is not a port: give a number from 1 to 65535.\n"
    assert refused.returncode == 1


def test_a_free_port_is_taken_without_a_word() -> None:
    checker = str(ROOT / "scripts" / "check_port.py")
    assert subprocess.check_output([sys.executable, checker, str(free_port())]) == b""


def test_a_missing_program_is_reported_with_the_line_to_type(tmp_path: Path) -> None:
    for name in ("id", "sudo", "mktemp", "rm"):
        (tmp_path / name).symlink_to("/bin/false" if name == "sudo" else f"/bin/{name}")

    refused = script("ensure-program", "redis-server", PATH=str(tmp_path))

    assert refused.returncode == 1
    assert refused.stderr.endswith(
        "Type: sudo apt-get install -y --no-install-recommends redis-server\n"
    )


def test_a_program_that_is_there_is_left_alone() -> None:
    there = script("ensure-program", "sh")
    assert (there.returncode, there.stdout, there.stderr) == (0, "", "")


def test_the_python_that_is_found_can_run_the_project() -> None:
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = script("find-python", wanted, PATH=f"{sys.base_prefix}/bin:{os.environ['PATH']}")
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    assert subprocess.check_output([found.stdout.strip(), "-c", code], text=True) == f"{wanted}\n"


def test_a_machine_without_python_gets_the_line_to_install_it() -> None:
    refused = script("find-python", "3.99")
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "No Python of these versions with its venv module was found: 3.99\n"
    )
