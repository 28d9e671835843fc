"""Creates a virtual environment for each system."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.declaration import System

ROOT = Path(__file__).parent.parent
BENCH = ROOT / ".bench"
LIBRARY = BENCH / "lib"
"""A directory with `benchmarks` only, so that no other package can be imported from there."""


def prepare(system: System) -> None:
    """Install the packages of a system, unless they are installed."""
    _link_library()
    missing = [name for name in system.packages if not _is_installed(name)]
    if missing:
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    stamp, wanted = BENCH / system.name / "installed", _fingerprint(system)
    if system.path.suffix != ".py" or (stamp.exists() and stamp.read_text() == wanted):
        return
    print(f"Installing what {system.title} needs", file=sys.stderr)
    folder = BENCH / system.name
    shutil.rmtree(folder, ignore_errors=True)
    _run(python(), "-m", "venv", str(folder))
    pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
    if system.dependencies:
        _run(*pip, "install", "-qq", *system.dependencies)
    stamp.write_text(wanted)


def program(system: System, name: str) -> str:
    """Return a program from the system's environment, or else from the machine."""
    own = BENCH / system.name / "bin" / name
    return str(own) if own.exists() else name


def _link_library() -> None:
    LIBRARY.mkdir(parents=True, exist_ok=True)
    link = LIBRARY / "benchmarks"
    if not link.is_symlink():
        link.symlink_to(Path(__file__).parent)


def python() -> str:
    """Return the Python for all environments, the best one on this machine."""
    return subprocess.check_output([ROOT / "scripts" / "find-python"], text=True).strip()


def _fingerprint(system: System) -> str:
    return hashlib.sha256("\n".join((python(), *system.dependencies)).encode()).hexdigest()


def _is_installed(package: str) -> bool:
    answer = subprocess.run(["dpkg", "-s", package], capture_output=True, check=False)
    return answer.returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
