"""Real redis-server processes that belong to the tests."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import redis

from tests.support.certificates import Certificate
from tests.support.ports import HOST, free_port
from tests.support.processes import freeze

START_DEADLINE = 90.0
INSTALL_HINT = (
    "redis-server is missing, so the tests cannot run. "
    "Install it with: sudo apt-get install -y --no-install-recommends redis-server"
)
SETTINGS = ("save ''", "appendonly yes", "appendfsync everysec")
CLUSTER = "cluster-enabled yes"
PORTS_TRIED = 3


class PortTaken(RuntimeError):
    """The server ended because it could not listen at its port."""


class RedisServer:
    """One redis-server of our own, on a free port of 127.0.0.1 plus a unix socket.

    Writes go to an append-only file, so `kill9()` followed by `start()` keeps the data.

    Args:
        options: lines for redis.conf; they come last, so they win over ours.
        certificate: with one, the port is for TLS alone.

    Attributes:
        port: where it listens. Read it when the server has started: a program that knows nothing
            of `free_port` may have taken the port before that.
        arguments: what follows the path of redis.conf on the command line.
    """

    arguments: Sequence[str] = ()

    def __init__(self, options: Sequence[str] = (), certificate: Certificate | None = None) -> None:
        # Not pytest's tmp_path: the path of a unix socket must stay under 108 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix="redis-"))
        self.port = free_port()
        self.certificate = certificate
        self.socket = self.directory / "redis.sock"
        self.log = self.directory / "log"
        self._config = self.directory / "redis.conf"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address over TCP, database 0; with TLS, one that trusts the certificate."""
        if self.certificate:
            return f"rediss://{HOST}:{self.port}/0?ssl_ca_certs={self.certificate.path}"
        return f"redis://{HOST}:{self.port}/0"

    @property
    def unix_url(self) -> str:
        """The address over the unix socket, database 0."""
        return f"unix://{self.socket}?db=0"

    def client(self) -> redis.Redis:
        """A client of redis-py for what the test itself asks."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        """Start the server; return when it answers. After `kill9()` it comes back with its data.

        Raises:
            RuntimeError: the server ended instead; the message holds its log.
        """
        if self._process is None:
            self._start_on_a_free_port()
        else:
            self._start()

    def _start_on_a_free_port(self) -> None:
        for _ in range(PORTS_TRIED):
            self._config.write_text("\n".join([*self._own_settings(), *self._options]) + "\n")
            with suppress(PortTaken):
                self._start()
                return
            self.port = free_port()
        log = self.log.read_text()
        self.stop()
        raise RuntimeError(f"redis-server found no free port:\n{log}")

    def _start(self) -> None:
        command = [*_dies_with_us(), *server_command(), str(self._config), *self.arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._wait_until_it_answers(self._process)

    @property
    def pid(self) -> int:
        """The id of the process; of a started server only."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the server was started, and has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill9(self) -> None:
        """End the server as a power cut of the process would: no saving, no goodbye."""
        self._send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        """Make the server hang: connections stay open, nothing is answered until `thaw()`."""
        if self._process is not None and self.is_running:
            freeze(self._process.pid)

    def thaw(self) -> None:
        """Continue a server that hangs."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """End the server for good; its data goes too."""
        self.kill9()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _own_settings(self) -> list[str]:
        return [
            *self._places(),
            *SETTINGS,
        ]

    def _places(self) -> list[str]:
        """Where the server listens, and where its files are."""
        ports = [f"port {self.port}"]
        if self.certificate:
            ports = ["port 0", f"tls-port {self.port}", *self.certificate.settings]
        return [
            *(f"bind {HOST}", *ports),
            *(f"dir {self.directory}", f"unixsocket {self.socket}"),
        ]

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_DEADLINE
        while not _answers(self.socket):
            if process.poll() is not None or time.monotonic() > deadline:
                log = self.log.read_text()
                if process.poll() is not None and "Address already in use" in log:
                    raise PortTaken(log)
                self.stop()
                raise RuntimeError(f"redis-server did not start:\n{log}")
            time.sleep(0.01)


def server_command() -> list[str]:
    """The command that starts the server; `JOBS_TEST_REDIS_SERVER` names another version's."""
    return shlex.split(os.environ.get("JOBS_TEST_REDIS_SERVER", "redis-server"))


@cache
def server_version() -> tuple[int, ...]:
    """The version of the server; Valkey goes on from Redis 7.2."""
    said = subprocess.run([*server_command(), "--version"], capture_output=True, check=True).stdout
    found = re.search(rb"v=(\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))


@cache
def knows_tls() -> bool:
    """Whether the server was built with TLS: only then does it miss its certificate."""
    asked = [*server_command(), "--port", "0", "--tls-port", "1"]
    said = subprocess.run(asked, capture_output=True, check=False, timeout=START_DEADLINE)
    return b"Failed to configure TLS" in said.stdout + said.stderr


def is_installed() -> bool:
    """Whether the server's program is on this machine."""
    return shutil.which(server_command()[0]) is not None


def _answers(path: Path) -> bool:
    """Whether a server behind this socket has loaded its data; it may well ask for a password."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))
        except OSError:
            return False


def _dies_with_us() -> list[str]:
    """A prefix that ends the server with the test run, even when that one is killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
