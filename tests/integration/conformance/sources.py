"""Django's own tests, which only its source distribution holds; they are never kept here."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import django

from tests.support.paths import ROOT

CACHE = ROOT / ".dev" / "django-tests"


def tests_of_django() -> Path:
    """Return the directory of the tests of the Django that runs, downloaded once."""
    version = django.get_version()
    directory = CACHE / f"django-{version}" / "tests"
    if not directory.exists():
        _unpack(_downloaded(version))
    return directory


def _downloaded(version: str) -> Path:
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--no-binary", ":all:", "--dest", str(CACHE), f"Django=={version}"),
    ]
    archive = CACHE / f"django-{version}.tar.gz"
    if not archive.exists():
        subprocess.run(command, check=True)
    return archive


def _unpack(archive: Path) -> None:
    with tarfile.open(archive) as file:
        wanted = [name for name in file.getnames() if "/tests/tasks/" in name]
        file.extractall(CACHE, [file.getmember(name) for name in wanted], filter="data")
