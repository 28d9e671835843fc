"""Worker processes that are forked from one that has loaded the site."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from django_jobs.worker.process.inheritance import VARIABLE
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of, wait_for_end
from tests.support.ports import free_port
from tests.support.processes import freeze
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import Deploy
from tests.support.workers import Site, WorkerProcess

LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")

USES_CONNECTIONS = """
from django.core.cache import cache
from django.db import connection
from django_jobs.backends import our_backend
from tests.apps.worker_site.tasks import write

connection.ensure_connection()
cache.set("a", 1)
our_backend("default").broker.inspection.workers()
write("loaded")
"""
"""A module of tasks that uses all that it had better not use when it is imported."""

HOLDS_A_CONNECTION = """
import socket

listening = socket.create_server(("127.0.0.1", {port}))
held = socket.create_connection(("127.0.0.1", {port}))
"""

HAS_A_THREAD = """
import threading

threading.Thread(target=threading.Event().wait, name="exporter", daemon=True).start()
"""

DIES_AT_FORKS = """
import os
import signal
from tests.apps.worker_site.tasks import exists


def die() -> None:
    if exists("no memory"):
        os.kill(os.getpid(), signal.SIGKILL)


os.register_at_fork(before=die)
"""


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def family(parent: WorkerProcess) -> tuple[int, list[int]]:
    """Return the process ids of the template and of its workers."""
    (template,) = children_of(parent.process.pid)
    return template, children_of(template)


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def sockets_of(pid: int) -> set[str]:
    """Return the sockets of a process, of which no other one has the same unless it was shared."""
    links = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    return {link for link in links if link.startswith("socket:")}


@LINUX
def test_the_site_is_loaded_once_and_no_connection_crosses_the_fork(
    site: Site, backend: JobBackend, deploy: Deploy
) -> None:
    deploy(USES_CONNECTIONS)
    parent = site.start("-c", "1", "--processes", "2", ready=False)
    parent.wait_for("Stop: Ctrl-C", 2)
    assert site.notes.counts["loaded"] == 1

    template, workers = family(parent)
    assert len(workers) == 2
    everywhere = [sockets_of(pid) for pid in (parent.process.pid, template, *workers)]
    assert all(everywhere)
    assert sum(map(len, everywhere)) == len(set().union(*everywhere))
    assert "opened connections" not in parent.said

    assert wait_for_end(backend, tasks.use_connection.enqueue()).state is State.SUCCEEDED
    assert parent.stop() == 0
    wait_until(lambda: not is_there(template), "the template lives on")


def test_each_process_draws_random_numbers_of_its_own(site: Site, backend: JobBackend) -> None:
    held = [tasks.hold.enqueue(str(number)) for number in range(4)]
    parent = site.start("-c", "4", "--processes", "2", ready=False)
    for number in range(4):
        site.notes.wait_for(f"begin {number} 1")
    numbers = [tasks.say_random_number.enqueue() for _ in range(20)]
    drawn = {wait_for_end(backend, result).result for result in numbers}
    site.notes.put("release")
    for result in held:
        wait_for_end(backend, result)
    assert len(drawn) == 20
    assert parent.stop() == 0


def test_the_log_warns_of_what_would_be_shared_or_missing(site: Site, deploy: Deploy) -> None:
    port = free_port()
    deploy(HOLDS_A_CONNECTION.format(port=port) + HAS_A_THREAD)
    parent = site.start("-c", "1", "--processes", "2", ready=False)
    parent.wait_for("Stop: Ctrl-C", 2)
    assert f"opened connections while it was loaded, to 127.0.0.1:{port}" in parent.said
    assert "started threads while it was loaded: exporter." in parent.said
    assert parent.said.count("Otherwise use --no-preload.") == 2
    assert parent.stop() == 0


def test_each_process_can_load_the_site_itself(
    site: Site, backend: JobBackend, deploy: Deploy
) -> None:
    deploy(USES_CONNECTIONS + HAS_A_THREAD)
    site.options["preload"] = False
    parent = site.start("-c", "1", "--processes", "2", ready=False)
    parent.wait_for("Stop: Ctrl-C", 2)
    assert site.notes.counts["loaded"] == 3  # the parent checks the tasks, too
    assert "--no-preload" not in parent.said
    assert wait_for_end(backend, tasks.note.enqueue("job")).state is State.SUCCEEDED
    assert parent.stop() == 0


@LINUX
def test_a_template_that_dies_is_replaced_and_its_workers_go_on_until_they_are_replaced(
    site: Site, backend: JobBackend
) -> None:
    running = tasks.hold.enqueue("job")
    parent = site.start("-c", "1", "--processes", "2", ready=False)
    parent.wait_for("Stop: Ctrl-C", 2)
    site.notes.wait_for("begin job 1")
    template, workers = family(parent)

    os.kill(template, signal.SIGKILL)
    parent.wait_for("The template process is gone")
    parent.wait_for("was replaced", 2)
    site.notes.put("release")

    record = wait_for_end(backend, running)
    assert (record.state, record.attempts) == (State.SUCCEEDED, 1)
    wait_until(lambda: not any(map(is_there, workers)), "old ones")
    new_template, new_workers = family(parent)
    assert new_template != template
    assert len(new_workers) == 2
    assert "ended with code" not in parent.said
    assert parent.stop() == 0


@LINUX
def test_the_parent_gives_up_if_templates_keep_dying(site: Site, deploy: Deploy) -> None:
    deploy(DIES_AT_FORKS)
    patience = json.dumps({"crew.TRIES": 2, "restarts.FIRST": 0.01})
    parent = site.start("-c", "1", "--processes", "2", ready=False, WORKER_PATIENCE=patience)
    parent.wait_for("Stop: Ctrl-C", 2)
    _, workers = family(parent)
    site.notes.put("no memory")
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert parent.end() == 4
    assert parent.said.count("The template process is gone") == 2
    assert "The site could not be loaded" in parent.said


@LINUX
def test_a_worker_ends_for_its_parent_even_if_a_process_of_a_job_and_no_template_is_left(
    site: Site, backend: JobBackend
) -> None:
    left = tasks.leave_a_process_behind.enqueue()
    # Where nobody reaps orphans, the parent has to wait, also for one that was still starting.
    silence = {"child.LONGEST_START": 30, "child.SILENCE": 5, "child.WRITING_STACKS": 0.1}
    arguments = ("-c", "1", "--processes", "2")
    parent = site.start(*arguments, ready=False, WORKER_PATIENCE=json.dumps(silence))
    parent.wait_for("Stop: Ctrl-C", 2)
    pid = int(wait_for_end(backend, left).result or 0)
    try:
        template, _ = family(parent)
        os.kill(template, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        parent.wait_for("was replaced")
        parent.wait_for(f"Worker process {pid} ended with code 1")
        assert parent.stop() == 0
    finally:
        site.notes.put("release")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_job_can_terminate_a_process_that_it_has_forked(
    site: Site, backend: JobBackend, processes: str
) -> None:
    worker = site.start("-c", "1", "--processes", processes, ready=False)
    for at_once in (False, *[True] * 10):
        result = tasks.terminate_a_forked_process.enqueue(at_once=at_once)
        assert wait_for_end(backend, result).result == str(-signal.SIGTERM)
    assert worker.stop() == 0


@LINUX
def test_a_template_that_hangs_is_killed_when_it_does_not_say_how_a_worker_ended(
    site: Site, backend: JobBackend
) -> None:
    patience = {"child.STOPPING": 1, "child.WRITING_STACKS": 0.1, "child.UNREPORTED": 0.1}
    arguments = ("-c", "1", "--processes", "2", "--shutdown-timeout", "0.1")
    parent = site.start(*arguments, ready=False, WORKER_PATIENCE=json.dumps(patience))
    parent.wait_for("Stop: Ctrl-C", 2)
    template, workers = family(parent)

    freeze(template)
    os.kill(workers[0], signal.SIGKILL)
    parent.wait_for("The template process is gone")
    parent.wait_for("was replaced")
    wait_until(lambda: not any(map(is_there, (template, *workers))), "not replaced")
    assert wait_for_end(backend, tasks.note.enqueue("job")).state is State.SUCCEEDED
    assert parent.stop() == 0


@LINUX
def test_signals_to_all_processes_stop_the_workers_and_keep_their_exit_codes(
    site: Site, backend: JobBackend
) -> None:
    running = tasks.hold.enqueue("job")
    arguments = ("-c", "1", "--processes", "2", "--shutdown-timeout", "0.1")
    parent = site.start(*arguments, ready=False)
    parent.wait_for("Stop: Ctrl-C", 2)
    site.notes.wait_for("begin job 1")
    template, workers = family(parent)
    for pid in (template, *workers, parent.process.pid):
        os.kill(pid, signal.SIGTERM)
    assert parent.end() == 3
    assert record_of(backend, running).state is State.QUEUED


def test_a_parent_with_another_protocol_is_to_be_restarted(site: Site) -> None:
    said = site.refused("--processes", "2", **{VARIABLE: "0:template:3"})
    assert "runs another version of django_jobs" in said
    assert "Restart it instead of reloading it." in said
