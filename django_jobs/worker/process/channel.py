"""The socket over which a worker process and its parent report to each other.

A socket and no signal: what the parent asks of a process that is still starting waits in it, and
the end of one side is seen by the other one on every system, however it came.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from enum import Enum
from typing import Self

VARIABLE = "DJANGO_JOBS_PARENT"
"""Holds the number of the file descriptor in a process that has a parent."""


class Stage(Enum):
    """The stage of a worker process, repeated with each sign of life so that none gets lost."""

    STARTING = b"n"
    SERVING = b"s"
    WORN = b"w"  # it works, and asks for a replacement
    STOPPING = b"e"


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
        self.is_open = True

    @classmethod
    def to_parent(cls) -> Self | None:
        """Take the channel out of the environment, so that jobs' own processes lack it."""
        number = os.environ.pop(VARIABLE, "")
        if not number:
            return None
        end = socket.socket(fileno=int(number))
        end.set_inheritable(False)
        return cls(end)

    def fileno(self) -> int:
        return self._end.fileno()

    def say(self, word: Stage | Request) -> None:
        """Send one word. It is lost if the other side is gone or has not read for long."""
        with suppress(OSError):
            self._end.send(word.value)

    def hear(self) -> bytes:
        """Return the bytes that have arrived, possibly none."""
        try:
            heard = self._end.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            heard = b""
        self.is_open = bool(heard)
        return heard

    def close(self) -> None:
        self._end.close()
