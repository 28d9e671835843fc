"""The server for probes: one thread for all connections, none of which can block it."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.waits import capped
from django_jobs.worker.supervision import supervised

from .answers import Answers
from .messages import LONGEST_REQUEST, Request, Response, parse, plain, send

logger = logging.getLogger("django_jobs")

AFTER_FAILURE = 0.01
"""Seconds to pause after a connection could not be accepted, as the next may fail at once."""

MOST_CONNECTIONS = 32
"""Connections at a time. One more replaces the oldest one, so slow clients harm nobody."""

PATIENCE = 5.0
"""Seconds in which a request has to arrive."""

LOOK = 1.0
"""Seconds between two looks for connections that took too long."""

JOIN_TIMEOUT = 2.0


@dataclass(slots=True)
class Connection:
    """A client whose request has not arrived in full."""

    client: socket.socket
    deadline: float
    received: bytearray = field(default_factory=bytearray)


class ProbeServer:
    """Answers `/live`, `/ready` and `/metrics` over HTTP.

    A process without other threads calls `serve` in its own loop, whenever `fileno` is readable
    and every few seconds; others call `run` in a thread.

    Args:
        address: where to listen.
        answers: what to say.

    Raises:
        OSError: it is not possible to listen at the address.
    """

    def __init__(self, address: ProbeAddress, answers: Answers) -> None:
        self._answers = answers
        self._connections: list[Connection] = []
        self._listeners = _listeners(address)
        self._is_stopped = False
        self._selector = selectors.DefaultSelector()
        self._waking, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, lambda: None)
        for listener in self._listeners:
            accept = partial(self._accept, listener)
            self._selector.register(listener, selectors.EVENT_READ, accept)

    def fileno(self) -> int:
        """Return a descriptor that is readable when `serve` has something to do."""
        return self._selector.fileno()

    def run(self) -> None:
        """Serve until stopped, then close."""
        while not self._is_stopped:
            self.serve(LOOK)
        self.close()

    def stop(self) -> None:
        """Let `run` end, if it has not ended yet."""
        self._is_stopped = True
        self._waking.close()  # `run` reads the end of the other socket, and closes all

    def serve(self, timeout: float = 0) -> None:
        """Answer what has arrived.

        Args:
            timeout: seconds to wait for something to arrive.
        """
        for key, _ in self._selector.select(capped(timeout)):
            key.data()
        now = time.monotonic()
        for connection in tuple(self._connections):
            if connection.deadline < now:
                self._forget(connection).close()

    def close(self) -> None:
        """Close the port and all connections; the child of a fork does so with its copies."""
        self._selector.close()
        for one in (*self._listeners, self._waking, self._woken):
            one.close()
        for connection in self._connections:
            connection.client.close()
        self._connections.clear()

    # --- connections -------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            self._forget(self._connections[0]).close()
        try:
            client, _ = listener.accept()
        except OSError as error:  # the client is gone, or the process has no descriptor left
            logger.debug("A probe's connection could not be accepted: %s", error)
            time.sleep(AFTER_FAILURE)
            return
        client.setblocking(False)
        connection = Connection(client, time.monotonic() + PATIENCE)
        self._connections.append(connection)
        read = partial(self._read, connection)
        self._selector.register(client, selectors.EVENT_READ, read)

    def _forget(self, connection: Connection) -> socket.socket:
        """Return the socket of a connection, which is the caller's from now on."""
        self._connections.remove(connection)
        self._selector.unregister(connection.client)
        return connection.client

    def _read(self, connection: Connection) -> None:
        if connection not in self._connections:  # a new one has taken its place a moment ago
            return
        try:
            data = connection.client.recv(LONGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        connection.received += data
        parsed = parse(bytes(connection.received))
        if not data:  # the client has closed it
            self._forget(connection).close()
        elif parsed:
            self._answer(self._forget(connection), parsed)

    def _answer(self, client: socket.socket, parsed: Request | Response) -> None:
        if isinstance(parsed, Response):
            send(client, parsed)
        elif parsed.path != "/metrics":
            send(client, self._page(parsed.path), with_body=parsed.wants_body)
        elif not parsed.wants_body:
            send(client, plain(HTTPStatus.METHOD_NOT_ALLOWED), with_body=False)
        else:
            self._answers.answer_scrape(client)

    def _page(self, path: str) -> Response:
        try:
            match path:
                case "/live":
                    return _verdict(self._answers.liveness_problem())
                case "/ready":
                    return _verdict(self._answers.readiness_problem())
        except Exception:
            logger.exception("A probe of %s failed. This is a bug in django_jobs.", path)
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        return plain(HTTPStatus.NOT_FOUND, "There are /live, /ready and /metrics.")


def _verdict(problem: str) -> Response:
    return plain(HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK, problem)


def _listeners(address: ProbeAddress) -> tuple[socket.socket, ...]:
    """Return sockets that listen at every IP address of a host."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    listeners: list[socket.socket] = []
    try:
        for family, place in dict.fromkeys((family, place[:2]) for family, _, _, _, place in found):
            both = family == socket.AF_INET6 and address.host == "::"
            listener = socket.create_server(place, family=family, dualstack_ipv6=both)
            listeners.append(listener)
            listener.setblocking(False)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return tuple(listeners)


@contextmanager
def in_thread(server: ProbeServer | None) -> Iterator[None]:
    """Let a server, if there is one, answer probes in a thread until the end of the block."""
    if server is None:
        yield
        return
    thread = supervised("probe", server.run, server.close)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(capped(JOIN_TIMEOUT))
