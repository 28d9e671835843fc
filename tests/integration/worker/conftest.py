"""Workers with a real Redis: as processes, and in this process."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.waiting import DEADLINE
from tests.support.worker_fixtures import (  # noqa: F401 (fixtures)
    backend,
    configure,
    deploy,
    no_thread_dies_unheard,
    notes,
    run_all,
    site,
    start_worker,
)
from tests.support.workers import Site


@pytest.fixture
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are not told of a job never come to look for it by themselves."""
    monkeypatch.setattr("django_jobs.waits.LONGEST", 3600.0)


@pytest.fixture
def systemd(
    site: Site,  # noqa: F811 (the fixture)
    tmp_path: Path,
) -> Iterator[socket.socket]:
    """The socket to which the worker processes of the site send messages for systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(DEADLINE)
        site.variables["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        yield listening


@pytest.fixture
def freeze() -> Iterator[Callable[[int], None]]:
    """Freezes processes, which are killed if the test fails before their parent does so."""
    frozen: list[int] = []

    def stop(pid: int) -> None:
        frozen.append(pid)
        processes.freeze(pid)

    yield stop
    for pid in frozen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
