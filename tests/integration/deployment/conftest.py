"""Projects, and what systemd and Compose make of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.deployment.project import SECRET, DeployedProject

POSTGRES = f"""
DATABASES["default"] = {{"ENGINE": "django.db.backends.postgresql", "PASSWORD": "{SECRET}"}}
"""
HOSTILE = "my site 100%h $HOME 'it' \"is\" [*]"


@pytest.fixture
def project(tmp_path: Path) -> DeployedProject:
    """A project that the test may change."""
    return DeployedProject.create(tmp_path / "srv")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> DeployedProject:
    """A project that no test changes, in a folder with an ordinary name."""
    return DeployedProject.create(tmp_path_factory.mktemp("plain") / "srv")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> DeployedProject:
    """A project that no test changes; its path has a special character of each kind of file."""
    return DeployedProject.create(tmp_path_factory.mktemp("hostile") / HOSTILE)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> DeployedProject:
    """A project that no test changes, with PostgreSQL."""
    created = DeployedProject.create(tmp_path_factory.mktemp("postgres") / "srv")
    with (created.folder / "shop/settings.py").open("a") as settings:
        settings.write(POSTGRES)
    return created
