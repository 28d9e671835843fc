"""Unit tests start no server and no process."""

from __future__ import annotations

import subprocess
from typing import Any, NoReturn

import pytest


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    pytest.fail("A unit test starts no process: move it to tests/integration.")


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess.Popen, "__init__", _refuse)


@pytest.fixture(scope="session")
def redis_server() -> NoReturn:
    """Refuse to start the server that the other tests share."""
    pytest.fail("A unit test has no Redis: move it to tests/contract, redis or integration.")


@pytest.fixture
def redis_server_factory() -> NoReturn:
    """Refuse to start a server of the test's own."""
    pytest.fail("A unit test has no Redis: move it to tests/contract, redis or integration.")
