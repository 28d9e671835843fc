"""The server for probes, asked over real sockets."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.worker.probe import server as server_module
from django_jobs.worker.probe.answers import Answers
from django_jobs.worker.probe.scrapes import Scrapes
from django_jobs.worker.probe.server import MOST_CONNECTIONS, ProbeServer, in_thread
from tests.support.ports import HOST, free_port
from tests.support.waiting import DEADLINE


@dataclass
class Told(Answers):
    """Answers with what the test says."""

    live: str = ""
    ready: str = ""
    render: Callable[[], str] = lambda: "jobs 1\n"

    def __post_init__(self) -> None:
        self._scrapes = Scrapes(self._rendered)

    def _rendered(self) -> str:
        return self.render()

    def liveness_problem(self) -> str:
        return self.live

    def readiness_problem(self) -> str:
        if self.ready == "raise":
            raise ValueError("a fault of ours")
        return self.ready

    def answer_scrape(self, client: socket.socket) -> None:
        self._scrapes.answer(client)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def port(told: Told) -> Iterator[int]:
    """The port of a server that answers as told."""
    address = ProbeAddress(HOST, free_port())
    with in_thread(ProbeServer(address, told)):
        yield address.port


def ask(port: int, path: str, method: str = "GET", host: str = HOST) -> tuple[int, str]:
    with closing(http.client.HTTPConnection(host, port, timeout=DEADLINE)) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def send(port: int, data: bytes) -> bytes:
    """Send bytes as they are; return all that comes back."""
    with socket.create_connection((HOST, port), DEADLINE) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(4096), b""))


def test_it_says_ok_or_what_is_wrong(port: int, told: Told) -> None:
    assert ask(port, "/live") == (200, "OK\n")
    assert ask(port, "/ready?verbose=1") == (200, "OK\n")
    told.live, told.ready = "This worker hangs.", "This worker is quiet."
    assert ask(port, "/live") == (503, "This worker hangs.\n")
    assert ask(port, "/ready") == (503, "This worker is quiet.\n")
    assert ask(port, "/live", "HEAD") == (503, "")


def test_it_sends_metrics_as_prometheus_reads_them(port: int) -> None:
    with closing(http.client.HTTPConnection(HOST, port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        assert response.read() == b"jobs 1\n"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /live/../etc HTTP/1.1\r\n\r\n", 404),
        (b"POST /live HTTP/1.1\r\n\r\n", 405),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", 405),
        (b"GET /live\r\n\r\n", 400),
        (b"GET http://other/live HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET /live HTTP/1.1\r\n" + b"a: b\r\n" * 2000, 431),
        (b"GET /live HTTP/1.0\n\n", 200),
    ],
)
def test_it_refuses_what_is_no_probe(port: int, request_line: bytes, status: int) -> None:
    # The rest of a request that is too long may be cut off, with the response.
    response = send(port, request_line[:9000])
    assert response.startswith(b"HTTP/1.1 %d " % status)
    assert response.count(b"Allow: GET, HEAD") == (status == 405)


def test_slow_clients_neither_block_others_nor_add_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "PATIENCE", 2 * DEADLINE)
    with ExitStack() as slow:
        clients = [
            slow.enter_context(socket.create_connection((HOST, port), DEADLINE))
            for _ in range(MOST_CONNECTIONS + 5)
        ]
        for client in clients[-3:]:
            client.sendall(b"GET /li")
        assert ask(port, "/live") == (200, "OK\n")
        # The oldest have made room for the newest.
        assert [client.recv(1) for client in clients[:3]] == [b""] * 3
        clients[-1].sendall(b"ve HTTP/1.1\r\n\r\n")
        assert clients[-1].recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_sends_nothing_is_cut_off(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PATIENCE", 0.05)
    with socket.create_connection((HOST, port), DEADLINE) as client:
        assert client.recv(1) == b""


def test_clients_that_leave_at_once_do_no_harm(port: int) -> None:
    for data in (b"", b"GET", b"GET /live HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n"):
        with socket.create_connection((HOST, port), DEADLINE) as client:
            client.sendall(data)
    assert ask(port, "/live") == (200, "OK\n")


def test_a_scrape_that_waits_for_the_broker_blocks_no_probe(port: int, told: Told) -> None:
    waits, goes_on = threading.Event(), threading.Event()

    def render() -> str:
        waits.set()
        goes_on.wait(DEADLINE)
        return "jobs 2\n"

    told.render = render
    with socket.create_connection((HOST, port), DEADLINE) as first:
        first.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert waits.wait(DEADLINE)
        assert ask(port, "/metrics") == (503, "Another scrape is under way.\n")
        assert ask(port, "/live") == (200, "OK\n")
        goes_on.set()
        assert b"".join(iter(lambda: first.recv(4096), b"")).endswith(b"\r\n\r\njobs 2\n")


def test_a_fault_in_an_answer_does_not_end_the_server(port: int, told: Told) -> None:
    told.ready = "raise"
    assert ask(port, "/ready") == (500, "Internal Server Error\n")
    assert ask(port, "/live") == (200, "OK\n")


def test_after_the_end_the_port_is_free(told: Told) -> None:
    address = ProbeAddress(HOST, free_port())
    for _ in range(2):
        with in_thread(ProbeServer(address, told)):
            assert ask(address.port, "/live") == (200, "OK\n")
        with pytest.raises(ConnectionRefusedError):
            ask(address.port, "/live")


def test_a_server_may_end_before_it_is_stopped(told: Told) -> None:
    server = ProbeServer(ProbeAddress(HOST, free_port()), told)
    server.close()  # as when it keeps failing, or has seen the flag of `stop` by itself
    server.stop()
    server.run()


def test_without_an_address_there_is_no_server() -> None:
    with in_thread(None):
        pass


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_listens_at_every_address_of_a_host(told: Told) -> None:
    for host, asked in (("::1", ["::1"]), ("::", ["::1", HOST]), ("localhost", ["localhost"])):
        port = free_port()
        with in_thread(ProbeServer(ProbeAddress(host, port), told)):
            assert [ask(port, "/live", host=one)[0] for one in asked] == [200] * len(asked)


def test_a_port_that_is_taken_is_an_error(told: Told) -> None:
    address = ProbeAddress(HOST, free_port())
    with socket.create_server((HOST, address.port)), pytest.raises(OSError, match="in use"):
        ProbeServer(address, told)


def test_a_process_without_threads_serves_in_its_own_loop(told: Told) -> None:
    server = ProbeServer(ProbeAddress(HOST, port := free_port()), told)
    with closing(server), socket.create_connection((HOST, port), DEADLINE) as client:
        client.sendall(b"GET /live HTTP/1.1\r\n\r\n")
        for _ in range(2):  # the connection, and the request
            server.serve(DEADLINE)
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
