"""The distribution as users get it: built once, and installed into an environment of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import django
import pytest

from tests.repository.helpers import build, run


@pytest.fixture(scope="session")
def source_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, as a file."""
    return build("sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def sources(source_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the source distribution holds."""
    directory = tmp_path_factory.mktemp("sources")
    run("tar", "--extract", "--gzip", "--file", source_archive, "--directory", directory)
    (folder,) = directory.iterdir()
    return folder


@pytest.fixture(scope="session")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds of the source distribution."""
    return build("wheel", tmp_path_factory.mktemp("wheel"), sources)


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel and what it asks for, nothing else."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    run("uv", "venv", "--quiet", "--python", sys.executable, environment)
    line = f"django=={django.__version__}"
    # On Python 3.11 only Django 5.2 runs, so there the backport comes unasked.
    backport = ",django52" if django.VERSION < (6, 0) and sys.version_info >= (3, 12) else ""
    wanted = f"{wheel}[dashboard{backport}]"
    run("uv", "pip", "install", "--quiet", "--python", environment, wanted, line)
    return environment
