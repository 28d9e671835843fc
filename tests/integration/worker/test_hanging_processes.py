"""Worker processes that hang: their parent kills them, and systemd hears of it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.worker.process.child import Child
from django_jobs.worker.process.crew import Crew, CrewOptions
from django_jobs.worker.process.exit_code import ExitCode
from django_jobs.worker.process.inheritance import Program
from django_jobs.worker.process.releases import Releases
from django_jobs.worker.process.spawner import Spawner
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import (
    hear_that_all_serve,
    hear_until_the_end,
    pids,
    start_two,
)
from tests.support.processes import is_gone
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Site

LEAVES_A_PROCESS_BEHIND = """
import os, time
if os.fork() == 0:
    time.sleep(600)
"""


class LostTemplate(Spawner):
    """Has ended, so that it says no more how its processes end."""

    is_gone = True

    def code_of(self, pid: int) -> int | None:
        super().code_of(pid)  # as init would, let it go
        return None


def test_a_worker_that_ended_at_its_start_is_noticed_although_a_process_of_its_own_is_left() -> (
    None
):
    launcher = LostTemplate(Program((sys.executable, "-c", LEAVES_A_PROCESS_BEHIND)))
    child = Child(launcher, 5)
    try:
        wait_until(lambda: child.listen() or child.code is not None, "its end is not noticed")
        assert child.code == ExitCode.FAILED
    finally:
        os.killpg(child.pid, signal.SIGKILL)


def test_a_worker_that_hangs_is_killed_and_replaced(
    site: Site,
    backend: JobBackend,
    systemd: socket.socket,
    freeze: Callable[[int], None],
) -> None:
    site.options["lease"] = 2
    parent = start_two(
        site,
        "--shutdown-timeout",
        "0.1",
        child__SILENCE=8,
        child__WRITING_STACKS=0.1,
        child__STOPPING=4,
    )
    hear_that_all_serve(systemd)
    frozen, other = pids(backend)
    freeze(frozen)
    parent.wait_for(f"Worker process {frozen} hangs")
    parent.wait_for(f"Worker process {frozen} ended with code -9")
    wait_until(lambda: pids(backend) - {frozen, other}, "not replaced")
    tasks.note.enqueue("job")
    site.notes.wait_for("job")

    # One that does not stop is killed, too.
    freeze(other)
    assert parent.stop() == 1
    assert is_gone(other)


def test_a_worker_that_moves_again_just_before_it_is_killed_is_killed_all_the_same(
    site: Site, backend: JobBackend, systemd: socket.socket, freeze: Callable[[int], None]
) -> None:
    site.variables["WATCHDOG_USEC"] = "200000"
    parent = start_two(site, child__SILENCE=4, child__WRITING_STACKS=4)
    hear_that_all_serve(systemd)
    frozen = min(pids(backend))
    freeze(frozen)
    parent.wait_for(f"Worker process {frozen} hangs and is killed")
    os.kill(frozen, signal.SIGCONT)
    parent.wait_for(f"Worker process {frozen} ended with code -9")
    hear_that_all_work_again(systemd)
    assert parent.stop() == 0


def hear_that_all_work_again(systemd: socket.socket) -> None:
    systemd.setblocking(False)
    with suppress(BlockingIOError):
        hear_until_the_end(systemd)
    systemd.settimeout(DEADLINE)
    while systemd.recv(1000) != b"WATCHDOG=1":
        pass


def test_systemd_gets_signs_of_life_only_while_each_worker_gives_them(
    site: Site, backend: JobBackend, systemd: socket.socket, freeze: Callable[[int], None]
) -> None:
    site.variables["WATCHDOG_USEC"] = "200000"
    parent = start_two(site, child__SILENCE=3, child__WRITING_STACKS=3600)
    hear_that_all_serve(systemd)
    while systemd.recv(1000) != b"WATCHDOG=1":
        pass
    freeze(min(pids(backend)))
    systemd.settimeout(2)
    while "hangs and is killed" not in parent.said:
        with suppress(TimeoutError):
            systemd.recv(1000)
    with pytest.raises(TimeoutError):
        hear_until_the_end(systemd)


def test_time_in_which_the_parent_stood_still_too_is_no_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    for module in ("crew", "child"):
        monkeypatch.setattr(f"django_jobs.worker.process.{module}.time", clock)
    spawner = Spawner(Program(("sleep", "600")))
    options = CrewOptions(count=1, replace=True, shutdown_timeout=0)
    crew = Crew(Releases(spawner, lambda: spawner), options)

    def look_after(seconds: float) -> list[Child]:
        nonlocal now
        now += seconds
        crew.look_after()
        return list(crew.children)

    (child,) = look_after(0)
    for seconds in (1, 1000, 1, 1):
        assert look_after(seconds) == [child]
    assert "hangs" not in caplog.text

    # It is killed for a silence of its own.
    wait_until(lambda: look_after(1) != [child], "it lives on")
    assert "hangs and is killed" in caplog.text
    crew.stop(signal.SIGKILL)
    wait_until(lambda: not look_after(0), "not stopped")
