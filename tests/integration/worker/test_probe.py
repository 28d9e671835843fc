"""The probes of a real worker: live, ready and metrics."""

from __future__ import annotations

import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from django_jobs.backends.base import JobBackend
from tests.apps.worker_site import tasks
from tests.support.ports import HOST, free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Site

Answer = tuple[int, str]


class Probe:
    """Asks the probes of one worker."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"

    def ask(self, page: str) -> Answer:
        try:
            with urllib.request.urlopen(f"http://{self.address}/{page}", timeout=DEADLINE) as told:
                return told.status, told.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_for(self, page: str, answer: Answer) -> None:
        wait_until(lambda: self.ask(page) == answer, lambda: f"/{page} says {self.ask(page)}")


@pytest.fixture
def probe() -> Probe:
    return Probe()


OK = (200, "OK\n")
QUIET = (503, "This worker is quiet or stopping.\n")


def test_a_worker_is_live_and_ready_until_it_is_quiet(
    site: Site, backend: JobBackend, probe: Probe
) -> None:
    worker = site.start("--probe", probe.address)
    worker.wait_for(f"Probes: http://{probe.address}/live, /ready and /metrics.")
    probe.wait_for("ready", OK)
    assert probe.ask("live") == OK
    worker.send(signal.SIGTSTP)
    probe.wait_for("ready", QUIET)
    assert probe.ask("live") == OK


def test_a_worker_that_waits_for_its_jobs_to_stop_is_live_but_not_ready(
    site: Site, backend: JobBackend, probe: Probe
) -> None:
    site.options |= {"probe": probe.address, "shutdown_timeout": 600}
    tasks.hold.enqueue("job")
    worker = site.start()
    site.notes.wait_for("begin job 1")
    worker.send(signal.SIGTERM)
    probe.wait_for("ready", QUIET)
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
    lost = "The broker has not answered a heartbeat for longer than the lease.\n"
    probe.wait_for("ready", (503, lost))
    assert probe.ask("live") == OK
    assert probe.ask("metrics") == (503, "The broker does not answer.\n")
    server.start()
    probe.wait_for("ready", OK)


def test_metrics_are_those_of_the_dashboard(site: Site, backend: JobBackend, probe: Probe) -> None:
    tasks.note.enqueue("x")
    backend.broker.inspection.pause("low")
    site.start("--probe", probe.address)
    site.notes.wait_for("x")
    status, text = probe.ask("metrics")
    assert status == 200
    found = {family.name for family in text_string_to_metric_families(text)}
    assert {"django_jobs_jobs", "django_jobs_workers", "django_jobs_queue_size"} <= found


def test_a_port_that_is_taken_keeps_the_worker_from_starting(site: Site, probe: Probe) -> None:
    with socket.create_server((HOST, probe.port)):
        said = site.refused("--probe", probe.address)
    assert "Traceback" not in said
    assert said.strip().splitlines()[-1] == (
        f"CommandError: --probe, JOB_PROBE: can't listen at {probe.address}: Address already in"
        " use. Give an address of this machine and a port that nobody else uses; each runworker"
        " needs one of its own."
    )


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("192.0.2.1:7433", "can't listen at 192.0.2.1:7433: Cannot assign requested address."),
        ("7433", "give HOST:PORT such as '127.0.0.1:7433' or '[::1]:7433'"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(site: Site, address: str, reason: str) -> None:
    said = site.refused("--probe", address)
    assert "Traceback" not in said
    assert reason in said
