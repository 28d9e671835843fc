"""What a process that the parent starts gets from it: its role, and a socket to the parent."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Self

VARIABLE = "DJANGO_JOBS_PARENT"
"""Holds the version of the protocol, the role, and the number of the file descriptor."""

PROTOCOL = "1"
"""Changes with everything that parent, template and workers say to each other."""

SYSTEMD_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What lets a process talk to systemd, which listens to the parent only."""


class Role(Enum):
    """What a process is for."""

    TEMPLATE = "template"
    WORKER = "worker"


class OtherProtocol(Exception):
    """The parent runs a version of django_jobs that this one does not understand."""


class Inheritance(NamedTuple):
    """What the parent gave this process.

    Attributes:
        end: this process's end of the socket.
    """

    role: Role
    end: socket.socket

    @classmethod
    def take(cls) -> Self | None:
        """Take it out of the environment, so that jobs' own processes lack it.

        Returns:
            None in a process that no parent has started.

        Raises:
            OtherProtocol: the parent runs another version of django_jobs.
        """
        given = os.environ.pop(VARIABLE, "")
        if not given:
            return None
        protocol, _, rest = given.partition(":")
        if protocol != PROTOCOL:
            raise OtherProtocol
        role, _, number = rest.partition(":")
        end = socket.socket(fileno=int(number))
        end.set_inheritable(False)
        return cls(Role(role), end)


@dataclass(frozen=True, slots=True)
class Program:
    """A command line that can be started again.

    Attributes:
        command: the program with its arguments.
        directory: where to start it, or None for where this process is.
    """

    command: tuple[str, ...]
    directory: str | None = None

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the command line and the directory with which this process was started."""
        return cls((sys.executable, *sys.orig_argv[1:]), _directory_as_named())

    def start(self, role: Role, end: socket.socket) -> subprocess.Popen[bytes]:
        """Start the program in a session of its own, where Ctrl-C in a terminal does not reach it.

        Args:
            end: its end of the socket to this process.

        Raises:
            OSError: it cannot be started.
        """
        kept = {key: value for key, value in os.environ.items() if key not in SYSTEMD_VARIABLES}
        return subprocess.Popen(  # noqa: S603 (our own command)
            self.command,
            cwd=self.directory,
            env=kept | {VARIABLE: f"{PROTOCOL}:{role.value}:{end.fileno()}"},
            pass_fds=[end.fileno()],
            start_new_session=True,
        )


def _directory_as_named() -> str | None:
    """Return the working directory under the name by which the shell or systemd entered it.

    A deploy may have changed where a symbolic link such as `current` points to.
    """
    named = os.environ.get("PWD", "")
    try:
        return named if named and Path(named).samefile(".") else None
    except OSError:
        return None
