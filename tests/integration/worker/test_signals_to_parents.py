"""Signals to the parent of several worker processes, and its end."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import (
    hear_that_all_serve,
    pids,
    record_of,
    start_two,
    wait_for_two,
)
from tests.support.processes import is_gone
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker_fixtures import Deploy
from tests.support.workers import Site


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


LOADS_WHEN_RELEASED = """
import time
from tests.apps.worker_site.tasks import exists, write

is_parent = not exists("notes")
write("loads")
while not (is_parent or exists("release")):
    time.sleep(0.01)
"""


def test_an_early_quiet_holds_for_all_that_start_later(
    site: Site, backend: JobBackend, deploy: Deploy, systemd: socket.socket
) -> None:
    deploy(LOADS_WHEN_RELEASED)
    waiting = tasks.note.enqueue("job")
    parent = start_two(site, "--no-preload")
    assert systemd.recv(1000).startswith(b"STATUS=Starting")
    parent.send(signal.SIGTSTP)
    for times in (1, 2):  # the first one may overtake it
        parent.send(signal.SIGUSR2)
        parent.wait_for("SIGUSR2 has no effect here", times)
    site.notes.put("release")
    children = wait_for_two(backend)
    killed = min(children)
    os.kill(killed, signal.SIGKILL)
    parent.wait_for("Quiet", 3)
    wait_until(lambda: pids(backend) - children, "not replaced")

    workers = backend.broker.inspection.workers()
    assert all(worker.quiet for worker in workers if worker.pid != killed)
    assert parent.stop() == 0
    assert record_of(backend, waiting).state is State.QUEUED
    assert set(site.notes.lines) == {"loads"}


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
