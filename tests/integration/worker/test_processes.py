"""Several worker processes under one parent: how they live, are replaced, and end together."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.jobs.records import State
from django_jobs.worker.process.child import Child
from django_jobs.worker.process.crew import Crew, CrewOptions
from django_jobs.worker.process.inheritance import Program
from django_jobs.worker.process.releases import Releases
from django_jobs.worker.process.restarts import RestartPauses
from django_jobs.worker.process.spawner import Spawner
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Notes, Site, WorkerProcess

TWO = ("-c", "1", "--processes", "2")


@pytest.fixture
def systemd(site: Site, tmp_path: Path) -> Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(40)
        site.variables["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        yield listening


@pytest.fixture
def freeze() -> Iterator[Callable[[int], None]]:
    """Freezes processes, which are killed if the test fails before their parent does so."""
    frozen: list[int] = []

    def stop(pid: int) -> None:
        frozen.append(pid)
        os.kill(pid, signal.SIGSTOP)

    yield stop
    for pid in frozen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def start_two(site: Site, *arguments: str, **patience: float) -> WorkerProcess:
    """Start a parent; its constants are given as `child__SILENCE=2`."""
    constants = {name.replace("__", "."): value for name, value in patience.items()}
    return site.start(*TWO, *arguments, ready=False, WORKER_PATIENCE=json.dumps(constants))


def pids(backend: JobBackend) -> set[int]:
    return {worker.pid for worker in backend.broker.inspection.workers()}


def wait_for_two(backend: JobBackend) -> set[int]:
    wait_until(lambda: len(pids(backend)) == 2, "not two processes work")
    return pids(backend)


def hear_that_all_serve(systemd: socket.socket) -> None:
    while not systemd.recv(1000).startswith(b"READY=1\n"):
        pass


def hear_until_the_end(systemd: socket.socket) -> None:
    while systemd.recv(1000):
        pass


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # also while it is read
        return True


# --- signals -------------------------------------------------------------------------------------


def test_workers_stop_when_their_parent_is_killed(site: Site, backend: JobBackend) -> None:
    running = tasks.hold.enqueue("job")
    parent = start_two(site)
    children = wait_for_two(backend)
    site.notes.wait_for("begin job 1")

    parent.kill9()
    wait_until(lambda: parent.said.count("Quiet") == 2, "not noticed")
    assert parent.said.count("The parent process is gone") == 2
    later = tasks.note.enqueue("later")
    site.notes.put("release")

    wait_until(lambda: all(map(is_gone, children)), f"they live on:\n{parent.said}")
    assert record_of(backend, running).state is State.SUCCEEDED
    assert record_of(backend, later).state is State.QUEUED
    assert pids(backend) == set()


def test_systemd_hears_when_all_serve_and_when_a_closed_terminal_stops_them(
    site: Site, backend: JobBackend, systemd: socket.socket
) -> None:
    site.variables["WATCHDOG_USEC"] = "10000000"
    ours, theirs = pty.openpty()
    site.terminal = theirs
    parent = start_two(site)
    os.close(theirs)
    # Ready when all of them serve; then there are signs of life.
    hear_that_all_serve(systemd)
    children = pids(backend)
    assert len(children) == 2
    while systemd.recv(1000) != b"WATCHDOG=1":
        pass
    os.close(ours)  # which sends HUP
    while not systemd.recv(1000).startswith(b"STOPPING=1\n"):
        pass
    assert parent.end() == 0
    assert all(map(is_gone, children))


def test_a_hang_up_replaces_the_workers_one_by_one(site: Site, backend: JobBackend) -> None:
    running = tasks.hold.enqueue("job")
    parent = start_two(site)
    children = wait_for_two(backend)
    site.notes.wait_for("begin job 1")

    parent.send(signal.SIGUSR1)
    parent.send(signal.SIGUSR2)
    parent.wait_for("SIGUSR2 has no effect here")
    parent.send(signal.SIGHUP)
    parent.wait_for("Stop: Ctrl-C", 4)
    parent.wait_for("was replaced", 2)
    wait_until(lambda: sum(map(is_gone, children)) == 1, "the idle one did not end")
    site.notes.put("release")
    wait_until(lambda: all(map(is_gone, children)), "the busy one did not end with its job")

    # The second new one is started when the first one works and an old one has been let go.
    said = parent.said
    assert said.split("was replaced")[0].count("Stop: Ctrl-C") == 3
    assert "ended with code" not in said
    record = record_of(backend, running)
    assert (record.state, record.attempts) == (State.SUCCEEDED, 1)
    assert len(wait_for_two(backend) - children) == 2
    assert parent.stop() == 0


def test_an_early_quiet_holds_for_all_that_start_later(
    site: Site, backend: JobBackend, systemd: socket.socket
) -> None:
    waiting = tasks.note.enqueue("job")
    parent = start_two(site, "--no-preload")  # so that the workers take their time to start
    assert systemd.recv(1000).startswith(b"STATUS=Starting")
    parent.send(signal.SIGTSTP)  # the children have not even been started, or only just
    children = wait_for_two(backend)
    killed = min(children)
    os.kill(killed, signal.SIGKILL)
    parent.wait_for("Quiet", 3)
    wait_until(lambda: pids(backend) - children, "not replaced")

    workers = backend.broker.inspection.workers()
    assert all(worker.quiet for worker in workers if worker.pid != killed)
    assert parent.stop() == 0
    assert record_of(backend, waiting).state is State.QUEUED
    assert site.notes.lines == []


STARTING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
os.write(1, b"starting\\n")
time.sleep(60)
"""
"""A process that has not begun to work, on a site with a thread pool and Redis."""

PARENT = f"""
import sys
from django_jobs.worker.process.crew import CrewOptions
from django_jobs.worker.process.inheritance import Program
from django_jobs.worker.process.spawner import Spawner
from django_jobs.worker.process.supervisor import Parent
spawner = Spawner(Program((sys.executable, "-c", {STARTING!r})))
options = CrewOptions(count=2, replace=True, shutdown_timeout=1)
sys.exit(Parent(spawner, lambda: spawner, options).run())
"""


def test_workers_that_are_stopped_while_they_start_have_not_failed() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert [parent.stdout.readline() for _ in range(2)] == ["starting\n"] * 2
        parent.terminate()
        assert parent.wait(DEADLINE) == 0


# --- replacements --------------------------------------------------------------------------------


def test_a_parent_whose_workers_never_start_gives_up(site: Site, systemd: socket.socket) -> None:
    site.options["url"] = "redis://127.0.0.1:1/0"
    parent = start_two(site, crew__TRIES=2, restarts__FIRST=0.01)
    assert parent.end() == 4
    assert "ended with code 1 before it served any queue. Another one starts in" in parent.said
    assert "No worker process could start: 4 in a row" in parent.said
    assert systemd.recv(1000) == b"STATUS=Starting 2 worker processes"
    assert systemd.recv(1000).startswith(b"STOPPING=1\n")


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


def test_workers_are_replaced_after_so_many_jobs_without_a_gap(
    site: Site, backend: JobBackend
) -> None:
    results = tasks.note.bulk_enqueue([[str(number)] for number in range(30)])
    parent = start_two(site, "--max-jobs", "15")
    parent.wait_for("was replaced")
    for number in range(30, 40):
        results.append(tasks.note.enqueue(str(number)))
    for result in results:
        assert wait_for_end(backend, result).state is State.SUCCEEDED
    assert parent.stop() == 0

    assert site.notes.counts == {str(number): 1 for number in range(40)}
    # Before each one that went another one had said that it serves.
    parts = parent.said.split("was replaced")
    for gone in range(1, len(parts)):
        assert "".join(parts[:gone]).count("Stop: Ctrl-C") == 2 + gone
    assert "ended with code" not in parent.said


def test_pauses_between_deaths_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("django_jobs.worker.process.restarts.time", clock)
    pauses = RestartPauses()
    lengths = []
    for _ in range(7):
        pauses.failed()
        pauses.failed()  # in the same pause
        lengths.append(pauses.left)
        now += pauses.left
    assert lengths == [1, 2, 4, 8, 16, 30, 30]
    pauses.forget()
    pauses.failed()
    assert pauses.left == 1


# --- bursts --------------------------------------------------------------------------------------


def test_a_burst_says_what_other_workers_still_hold(site: Site, backend: JobBackend) -> None:
    site.options["lease"] = 120  # longer than the burst may take to start
    tasks.hold.enqueue("job")
    killed = site.start("-c", "1")
    site.notes.wait_for("begin job 1")
    killed.kill9()
    tasks.note.enqueue("other")

    burst = start_two(site, "--burst")

    assert burst.end() == 0
    assert site.notes.counts["other"] == 1
    assert burst.said.count("other workers still hold 1 job.") == 1


# --- in a thread of another process --------------------------------------------------------------


def test_a_call_from_code_raises_what_the_exit_code_says(
    configure: Callable[..., JobBackend], notes: Notes
) -> None:
    inspection = configure(lease=2).broker.inspection
    tasks.hold.enqueue("job")
    with ThreadPoolExecutor(1) as thread:
        called = thread.submit(call_command, "runworker", shutdown_timeout=0.1, concurrency=1)
        notes.wait_for("begin job 1")
        (worker,) = inspection.workers()
        assert inspection.command_worker(worker.id, WorkerCommand.STOP)
        with pytest.raises(CommandError, match="had to be given back") as stopped:
            called.result(DEADLINE)
    notes.put("release")
    assert stopped.value.returncode == 3
    assert inspection.counts()[State.QUEUED] == 1
    notes.wait_for("end job 1")
