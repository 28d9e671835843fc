"""New code under running workers: HUP replaces them one by one."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import TWO, wait_for_end, wait_for_two, wait_until_gone
from tests.support.worker_fixtures import Deploy
from tests.support.workers import Site, WorkerProcess

QUICK = json.dumps({"crew.TRIES": 2, "restarts.FIRST": 0.01})

BROKEN_AT_THE_START = """
VERSION = 2
from django_jobs.worker.worker import Worker


def fail(self):
    raise RuntimeError("the new code cannot start a worker")


Worker.start = fail
"""

WAITS_AND_FAILS_AT_THE_START = """
import time
from django_jobs.worker.worker import Worker
from tests.apps.worker_site.tasks import exists, write


def fail(self):
    write("starts")
    while not exists("release"):
        time.sleep(0.01)
    raise RuntimeError("the new code cannot start a worker")


Worker.start = fail
"""

LEAVES_A_PROCESS_BEHIND = """
import os
import time
from tests.apps.worker_site.tasks import exists

if os.fork() == 0:
    while not exists("release"):
        time.sleep(0.01)
    os._exit(0)
raise RuntimeError("half a deploy")
"""


PRELOAD = "preload"
with_and_without_preload = pytest.mark.parametrize("first", [PRELOAD, "no preload"], indirect=True)


@pytest.fixture
def first(request: pytest.FixtureRequest, site: Site, deploy: Deploy) -> WorkerProcess:
    """A parent whose workers run the first version."""
    site.options["preload"] = getattr(request, "param", PRELOAD) == PRELOAD
    deploy("VERSION = 1")
    parent = site.start(*TWO, ready=False, WORKER_PATIENCE=QUICK)
    parent.wait_for("Stop: Ctrl-C", 2)
    return parent


def hear(systemd: socket.socket, start: bytes) -> list[bytes]:
    """Return what systemd hears until a message that starts so, with it."""
    heard = [systemd.recv(1000)]
    while not heard[-1].startswith(start):
        heard.append(systemd.recv(1000))
    return heard


def run_version(site: Site, backend: JobBackend) -> None:
    assert wait_for_end(backend, tasks.say_version.enqueue()).state is State.SUCCEEDED


@with_and_without_preload
def test_a_hang_up_brings_the_new_code_without_a_gap(
    site: Site, backend: JobBackend, deploy: Deploy, first: WorkerProcess
) -> None:
    run_version(site, backend)
    assert site.notes.lines == ["version 1"]
    old = wait_for_two(backend)

    deploy("VERSION = 2")
    results = []
    first.send(signal.SIGHUP)
    while first.said.count("was replaced") < 2:
        results.append(tasks.say_version.enqueue())
        wait_for_end(backend, results[-1])
    wait_until_gone(backend, old)
    run_version(site, backend)
    versions = site.notes.lines
    assert versions[-1] == "version 2"
    assert set(versions) <= {"version 1", "version 2"}
    assert len(versions) == len(results) + 2
    assert "ended with code" not in first.said
    assert first.stop() == 0


@with_and_without_preload
def test_code_that_does_not_load_leaves_the_old_workers(
    site: Site, backend: JobBackend, deploy: Deploy, first: WorkerProcess
) -> None:
    deploy("raise RuntimeError('half a deploy')")
    first.send(signal.SIGHUP)
    first.wait_for("RuntimeError: half a deploy")
    first.wait_for("The worker processes go on with the")
    run_version(site, backend)
    assert site.notes.lines == ["version 1"]
    assert "was replaced" not in first.said
    old = wait_for_two(backend)

    deploy("VERSION = 2")
    first.send(signal.SIGHUP)
    wait_until_gone(backend, old)
    first.wait_for("was replaced", 2)
    run_version(site, backend)
    assert site.notes.lines == ["version 1", "version 2"]
    assert first.stop() == 0


def test_code_whose_workers_cannot_start_leaves_the_old_workers(
    site: Site, backend: JobBackend, deploy: Deploy, first: WorkerProcess
) -> None:
    deploy(BROKEN_AT_THE_START)
    first.send(signal.SIGHUP)
    first.wait_for("No worker process could start with the new code: 2 have ended before")
    run_version(site, backend)
    assert site.notes.lines == ["version 1"]
    assert "was replaced" not in first.said
    assert first.stop() == 0


def test_the_old_code_is_kept_until_new_code_works_even_if_no_worker_runs_it_any_more(
    site: Site, backend: JobBackend, deploy: Deploy
) -> None:
    deploy("VERSION = 1")
    parent = site.start(*TWO, ready=False, WORKER_PATIENCE=QUICK)
    old = wait_for_two(backend)
    deploy(WAITS_AND_FAILS_AT_THE_START)
    parent.send(signal.SIGHUP)
    site.notes.wait_for("starts")
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    parent.wait_for("ended with code -9", 2)
    site.notes.wait_for("starts", 2)
    site.notes.put("release")
    parent.wait_for("No worker process could start with the new code")
    run_version(site, backend)
    assert site.notes.lines[-1] == "version 1"
    assert parent.stop() == 0


def test_code_that_takes_too_long_to_load_leaves_the_old_workers(
    site: Site, backend: JobBackend, deploy: Deploy
) -> None:
    deploy("VERSION = 1")
    patience = json.dumps({"template.LONGEST_LOAD": 4})
    parent = site.start(*TWO, ready=False, WORKER_PATIENCE=patience)
    parent.wait_for("Stop: Ctrl-C", 2)
    deploy("import time; time.sleep(3600)")
    parent.send(signal.SIGHUP)
    parent.wait_for("The site has not loaded within 4 s")
    parent.wait_for("The worker processes go on with the")
    run_version(site, backend)
    assert site.notes.lines == ["version 1"]
    assert parent.stop() == 0


def test_code_that_does_not_load_is_given_up_also_if_it_leaves_a_process_behind(
    site: Site, deploy: Deploy
) -> None:
    deploy("VERSION = 1")
    parent = site.start(*TWO, ready=False)
    parent.wait_for("Stop: Ctrl-C", 2)
    deploy(LEAVES_A_PROCESS_BEHIND)
    parent.send(signal.SIGHUP)
    try:
        parent.wait_for("The worker processes go on with the")
    finally:
        site.notes.put("release")
    assert parent.stop() == 0


def test_another_hang_up_loads_the_code_of_that_moment(
    site: Site, backend: JobBackend, deploy: Deploy
) -> None:
    deploy("VERSION = 1")
    parent = site.start(*TWO, ready=False)
    old = wait_for_two(backend)
    deploy("import time; time.sleep(3600)")
    parent.send(signal.SIGHUP)
    parent.wait_for("the site is loaded again")
    deploy("VERSION = 3")
    parent.send(signal.SIGHUP)
    wait_until_gone(backend, old)
    run_version(site, backend)
    assert site.notes.lines == ["version 3"]
    assert parent.stop() == 0


def test_systemd_hears_of_a_reload_and_of_how_many_serve(
    site: Site, deploy: Deploy, systemd: socket.socket
) -> None:
    deploy("VERSION = 1")
    parent = site.start(*TWO, ready=False)
    started = hear(systemd, b"READY=1\n")
    assert started[-1].endswith(b"STATUS=2 of 2 worker processes serve, jobs running: 0")
    tasks.hold.enqueue("job")
    assert hear(systemd, b"STATUS=2 of 2 worker processes serve, jobs running: 1")

    parent.send(signal.SIGHUP)
    (*_, reloading) = hear(systemd, b"RELOADING=1\n")
    assert b"\nMONOTONIC_USEC=" in reloading
    later = hear(systemd, b"READY=1")
    assert any(b"with old code" in message for message in later)
    site.notes.put("release")
    parent.send(signal.SIGTERM)
    hear(systemd, b"STOPPING=1\n")
    assert parent.end() == 0
