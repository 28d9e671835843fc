"""The socket between a worker process and its parent, which tells each of them how the other is.

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
    """How far a worker process is. It repeats this with each sign of life, so none can get lost."""

    STARTING = b"n"
    SERVING = b"s"
    WORN = b"w"  # it serves, and asks for another process in its place
    STOPPING = b"e"


class Request(Enum):
    """What a parent asks of a worker process."""

    QUIET = b"q"
    RETIRE = b"r"  # take no more jobs, and end when those that are running have ended


class Channel:
    """One end of the socket. Nothing that is done with it ever waits.

    Attributes:
        is_open: whether the other side is there, as far as this one has noticed.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self.is_open = True

    @classmethod
    def to_parent(cls) -> Self | None:
        """Take the channel from the environment, where processes that jobs start don't find it."""
        number = os.environ.pop(VARIABLE, "")
        if not number:
            return None
        end = socket.socket(fileno=int(number))
        end.set_inheritable(False)
        return cls(end)

    def fileno(self) -> int:
        return self._end.fileno()

    def say(self, word: Stage | Request) -> None:
        """Send one word. It is lost if the other side is gone, or has not listened for long."""
        with suppress(OSError):
            self._end.send(word.value)

    def hear(self) -> bytes:
        """Return what has come, which may be nothing."""
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
