"""The socket over which a process and its parent talk to each other.

A socket and no signal: what the parent asks of a process that is still starting waits in it, and
the end of one side is seen by the other one on every system, however it came.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from enum import Enum
from typing import NamedTuple, Self

MOST_SOCKETS = 32
"""Sockets that are received at a time."""


class Stage(Enum):
    """The stage of a worker process, repeated with each sign of life so that none gets lost."""

    STARTING = "starting"
    SERVING = "serving"
    WORN = "worn"  # it works, and asks for a replacement
    STOPPING = "stopping"


class Report(NamedTuple):
    """What a worker process says of itself.

    Attributes:
        running: how many jobs it runs.
        hindrance: why it does not take all jobs, in a line; "" if it does.
    """

    stage: Stage
    running: int
    hindrance: str

    def line(self) -> bytes:
        return f"{self.stage.value} {self.running} {self.hindrance}\n".encode()

    @classmethod
    def last_in(cls, heard: bytes) -> Self | None:
        """Return the last report that has arrived completely, or None."""
        lines = heard.split(b"\n")[:-1]
        if not lines:
            return None
        stage, running, hindrance = lines[-1].decode().split(" ", 2)
        return cls(Stage(stage), int(running), hindrance)


class Request(Enum):
    """The requests of a parent to a worker process."""

    QUIET = b"q"
    RETIRE = b"r"  # take no more jobs, and exit when the running ones have ended


class Channel:
    """One end of the socket. No operation on it ever blocks.

    Attributes:
        is_open: whether the other side is there, as far as this one has noticed.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._sockets: list[socket.socket] = []
        self.is_open = True

    def fileno(self) -> int:
        return self._end.fileno()

    def say(self, words: bytes) -> None:
        """Send something. It is lost if the other side is gone or has not read for long."""
        with suppress(OSError):
            self._end.send(words)

    def hand_over(self, end: socket.socket) -> None:
        """Send a socket to the other side.

        Raises:
            OSError: the other side is gone or has not read for long.
        """
        socket.send_fds(self._end, [b"\n"], [end.fileno()])

    def hear(self) -> bytes:
        """Return the bytes that have arrived, possibly none."""
        try:
            heard, descriptors, _, _ = socket.recv_fds(self._end, 65536, MOST_SOCKETS)
        except BlockingIOError:
            return b""
        except OSError:
            heard, descriptors = b"", []
        self._sockets += map(_socket_of, descriptors)
        self.is_open = bool(heard)
        return heard

    def take_sockets(self) -> list[socket.socket]:
        """Return the sockets that the other side has handed over since the last time."""
        sockets, self._sockets = self._sockets, []
        return sockets

    def close(self) -> None:
        self.is_open = False
        self._end.close()


def _socket_of(descriptor: int) -> socket.socket:
    end = socket.socket(fileno=descriptor)
    end.set_inheritable(False)
    return end
