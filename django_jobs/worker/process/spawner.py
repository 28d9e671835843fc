"""Starts worker processes that each load the site themselves, for sites that cannot be forked."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence

from .channel import Channel
from .inheritance import Program, Role
from .launcher import Launched, Launcher


class Spawner(Launcher):
    """Starts a program for each worker process.

    Args:
        program: runs a worker.
    """

    is_loaded = True
    is_gone = False
    channels: Sequence[Channel] = ()

    def __init__(self, program: Program) -> None:
        self._program = program
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def launch(self) -> Launched:
        ours, theirs = socket.socketpair()
        with theirs:
            process = self._program.start(Role.WORKER, theirs)
        self._processes[process.pid] = process
        return Launched(process.pid, Channel(ours))

    def code_of(self, pid: int) -> int | None:
        return self._processes[pid].poll()

    def look(self) -> None:
        pass

    def kill(self) -> None:
        pass

    def close(self) -> None:
        pass

    def has_exited(self) -> bool:
        return True
