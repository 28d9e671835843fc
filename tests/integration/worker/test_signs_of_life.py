"""Messages to systemd, and the exit code after a part of the worker failed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.redis.session import RedisSession
from django_jobs.worker import supervision
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.process.exit_code import ExitCode
from django_jobs.worker.process.main import WorkerProcess, borrowed_interpreter
from tests.apps.worker_site import tasks
from tests.support.waiting import DEADLINE


@pytest.fixture
def _own_signals() -> Iterator[None]:
    with borrowed_interpreter():
        yield


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(DEADLINE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        yield listening


@pytest.mark.usefixtures("_own_signals")
def test_a_loop_that_hangs_gives_no_more_signs_of_life(
    backend: JobBackend,
    systemd: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = backend.make_worker(WorkerOptions(concurrency=1))
    hang, go_on = threading.Event(), threading.Event()
    exchange = RedisSession.exchange

    def hanging(*args: Any, **kwargs: Any) -> Any:
        if hang.is_set():
            go_on.wait(DEADLINE)
        return exchange(*args, **kwargs)

    monkeypatch.setattr(RedisSession, "exchange", hanging)
    heard: list[bytes] = []

    def watch() -> None:
        while systemd.recv(1000) != b"WATCHDOG=1":
            pass
        hang.set()
        tasks.note.enqueue("x")
        systemd.settimeout(2)
        try:
            while True:
                heard.append(systemd.recv(1000))
        except TimeoutError:
            heard.append(b"silence")
        go_on.set()
        worker.over.set()

    watching = threading.Thread(target=watch)
    watching.start()
    code = WorkerProcess(WorkerGroup([worker]), stalled=0.5).run(lambda: None)
    watching.join()

    assert code is ExitCode.DONE
    assert heard[-1] == b"silence"


@pytest.mark.usefixtures("_own_signals")
def test_a_worker_whose_part_fails_ends_with_code_1(
    backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(supervision, "PAUSE", 0.001)
    monkeypatch.setattr(RedisSession, "exchange", fail)
    worker = backend.make_worker(WorkerOptions(concurrency=1))
    assert WorkerProcess(WorkerGroup([worker])).run(lambda: None) is ExitCode.FAILED
