"""The probes of a real worker: live, ready and metrics."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable

import pytest
from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.management.probe import cannot_listen, open_worker_probe, scrapes_of
from django_jobs.worker.group import WorkerGroup
from tests.apps.worker_site import tasks
from tests.integration.worker.probes import Probe
from tests.support.ports import HOST
from tests.support.processes import freeze
from tests.support.redis_server import RedisServer
from tests.support.workers import Site


@pytest.fixture
def probe() -> Probe:
    return Probe()


OK = (200, "OK\n")
QUIET = (503, "The worker of 'default' is quiet or stopping.\n")


def test_a_worker_is_live_until_its_end_but_ready_only_while_it_takes_jobs(
    site: Site, backend: JobBackend, probe: Probe
) -> None:
    site.options["shutdown_timeout"] = 600
    tasks.hold.enqueue("job")
    worker = site.start("--probe", probe.address)
    worker.wait_for(f"Probes: http://{probe.address}/live, /ready and /metrics.")
    site.notes.wait_for("begin job 1")
    probe.wait_for("ready", OK)
    assert probe.ask("live") == OK
    assert {"django_jobs_jobs", "django_jobs_workers"} <= probe.metrics().keys()
    worker.send(signal.SIGTSTP)
    probe.wait_for("ready", QUIET)
    worker.send(signal.SIGINT)  # now it waits for its job
    worker.wait_for("Stopping; interrupt again")
    assert probe.ask("ready") == QUIET
    assert probe.ask("live") == OK
    site.notes.put("release")
    assert worker.end() == 0


def test_without_redis_a_worker_is_live_but_not_ready(
    site: Site, backend: JobBackend, probe: Probe, redis_server_factory: Callable[..., RedisServer]
) -> None:
    server = redis_server_factory()
    site.options |= {"url": server.url, "lease": 2, "socket_timeout": 1}
    site.start("--probe", probe.address)
    probe.wait_for("ready", OK)
    server.kill9()
    lost = "The broker of 'default' has not answered a heartbeat for longer than the lease.\n"
    probe.wait_for("ready", (503, lost))
    assert probe.ask("live") == OK
    assert probe.ask("metrics") == (503, "The broker does not answer.\n")
    server.start()
    probe.wait_for("ready", OK)


def test_a_port_that_is_taken_keeps_the_worker_from_starting(site: Site, probe: Probe) -> None:
    with socket.create_server((HOST, probe.port)):
        said = site.refused("--probe", probe.address)
    assert "Traceback" not in said
    assert said.strip().splitlines()[-1] == (
        f"CommandError: --probe, JOB_PROBE: can't listen at {probe.address}: Address already in"
        " use. Give an address of this machine and a port that nobody else uses; each runworker"
        " needs one of its own."
    )


def test_an_address_of_another_machine_cannot_be_used(backend: JobBackend) -> None:
    address = ProbeAddress("192.0.2.1", 7433)
    with pytest.raises(CommandError, match=r"192.0.2.1:7433: Cannot assign requested address\."):
        open_worker_probe(address, WorkerGroup([backend.make_worker()]), scrapes_of(backend))


def test_a_host_that_nobody_knows_cannot_be_used() -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    error = cannot_listen(ProbeAddress("wrker", 7433), unknown)
    assert "can't listen at wrker:7433: Name or service not known. Give" in str(error)


# --- several processes -------------------------------------------------------------------------


def test_a_parent_answers_for_all_its_workers(
    site: Site, backend: JobBackend, probe: Probe
) -> None:
    site.options |= {"probe": probe.address, "processes": 2, "shutdown_timeout": 600}
    tasks.hold.enqueue("job")
    parent = site.start(ready=False)
    parent.wait_for(f"Probes: http://{probe.address}/live, /ready and /metrics.")
    site.notes.wait_for("begin job 1")
    probe.wait_for("ready", OK)
    assert probe.ask("live") == OK
    (workers,) = probe.metrics()["django_jobs_workers"].samples
    assert workers.value == 2

    first, _ = backend.broker.inspection.workers()
    backend.broker.inspection.command_worker(first.id, WorkerCommand.QUIET)
    probe.wait_for("ready", (503, f"1 of 2 worker processes are ready. {QUIET[1]}"))
    assert probe.ask("live") == OK
    assert probe.metrics()
    parent.send(signal.SIGTSTP)
    probe.wait_for("ready", (503, f"0 of 2 worker processes are ready. {QUIET[1]}"))
    assert probe.metrics()
    parent.send(signal.SIGTERM)
    probe.wait_for("ready", (503, "The worker processes are stopping.\n"))
    assert probe.ask("live") == OK
    site.notes.put("release")
    assert parent.end() == 0


def test_a_worker_process_that_hangs_makes_its_parent_unready(
    site: Site, backend: JobBackend, probe: Probe
) -> None:
    patience = json.dumps({"child.SILENCE": 5, "child.WRITING_STACKS": 600})
    arguments = ("--processes", "2", "--probe", probe.address)
    site.start(*arguments, ready=False, WORKER_PATIENCE=patience)
    probe.wait_for("ready", OK)
    pid = backend.broker.inspection.workers()[0].pid
    freeze(pid)
    try:
        probe.wait_for("live", (503, f"Worker process {pid} hangs.\n"))
        assert probe.ask("ready")[0] == 503
    finally:
        os.kill(pid, signal.SIGKILL)
    probe.wait_for("ready", OK)


def test_a_port_that_is_taken_keeps_the_parent_from_starting(site: Site, probe: Probe) -> None:
    with socket.create_server((HOST, probe.port)):
        said = site.refused("--processes", "2", "--probe", probe.address)
    assert "Traceback" not in said
    assert f"can't listen at {probe.address}: Address already in use." in said
    assert "Stop: Ctrl-C" not in said
