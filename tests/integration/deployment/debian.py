"""A small Debian with a project, for tests that need a machine of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.deployment.project import DeployedProject
from tests.support.paths import ROOT

SUITE = "bookworm"  # its systemd runs under either version of cgroups
PYTHON = "3.11"  # that of this suite
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "procps", "sudo"),
    *("python3", "python3-venv", "python3-pip", "redis-server"),
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CACHE = ROOT / ".dev" / f"debian-{SUITE}.tar"
REQUIREMENTS = ROOT / "requirements" / "django52.txt"


def require(*programs: str) -> None:
    """Skip the tests, and say why, if the machine cannot run them."""
    if os.geteuid():
        pytest.skip("This needs root.")
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.skip(f"This machine lacks {', '.join(missing)}.")


def debian_tar() -> Path:
    """Return an archive of a small Debian, which is made once and kept."""
    require("mmdebstrap")
    if not CACHE.exists():
        CACHE.parent.mkdir(exist_ok=True)
        unfinished = CACHE.with_name(f"new-{CACHE.name}")
        source = f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main"
        included = f"--include={','.join(PACKAGES)}"
        run("mmdebstrap", "--quiet", "--variant=minbase", included, SUITE, unfinished, source)
        unfinished.rename(CACHE)
    return CACHE


def site_packages(folder: Path) -> Path:
    """Put the packages of the example site for the Python of that Debian into a folder."""
    run(
        *(Path(sys.prefix) / "bin" / "uv", "pip", "install", "--quiet", "--no-deps"),
        *("--target", folder, "--python-version", PYTHON, "--require-hashes", "-r", REQUIREMENTS),
    )
    shutil.copytree(ROOT / "django_jobs", folder / "django_jobs", dirs_exist_ok=True)
    return folder


def unpacked(root: Path) -> Path:
    """Return a folder with the files of that Debian."""
    root.mkdir()
    run("tar", "--extract", "--file", debian_tar(), "--directory", root)
    return root


def install(root: Path, folder: str, packages: Path, *, owner: str) -> DeployedProject:
    """Put a project with an environment of its own into the files of a Debian."""
    chroot(root, "useradd", "--system", owner)
    project = DeployedProject.create(root / folder.lstrip("/"))
    chroot(root, "python3", "-m", "venv", "--without-pip", f"{folder}/.venv")
    target = project.folder / ".venv" / "lib" / f"python{PYTHON}" / "site-packages"
    shutil.copytree(packages, target, dirs_exist_ok=True)
    chroot(root, "chown", "--recursive", f"{owner}:{owner}", folder)
    return project


def chroot(root: Path, *words: str) -> str:
    """Run a command with the files of a Debian."""
    clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")
    return run("chroot", root, *clean, *words)


def run(*words: str | Path, **variables: str) -> str:
    """Run a command to its end, and return what it printed."""
    done = subprocess.run(
        list(map(str, words)),
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{_shown(words)}:\n{done.stdout}"
    return done.stdout


def _shown(words: Sequence[str | Path]) -> str:
    return " ".join(map(str, words))[:200]


def _mirror() -> str:
    """Return the mirror that this machine uses."""
    listed = run(
        *("apt-get", "indextargets", "--format", "$(REPO_URI)"),
        *("Created-By: Packages", "Origin: Debian", f"Codename: {SUITE}"),
    )
    return listed.split()[0] if listed.split() else "http://deb.debian.org/debian"
