"""A wait of the main thread that each signal ends."""

from __future__ import annotations

import select
import signal
import socket
from contextlib import suppress
from types import TracebackType

from django_jobs.waits import capped


class Wakeup:
    """A pair of sockets to which the interpreter writes when a signal comes.

    A signal that comes in the moment before a thread begins to wait for a lock or a queue does not
    end that wait: its handler would run at the next signal, or never. What is in a socket stays.
    """

    def __enter__(self) -> Wakeup:
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._before)
        self._reading.close()
        self._writing.close()

    def ring(self) -> None:
        """End the wait from another thread."""
        with suppress(OSError):  # full of rings, or nobody waits any more
            self._writing.send(b"\0")

    def wait(self, timeout: float | None) -> bool:
        """Wait for a signal or a ring; False if there was none in a capped time."""
        ready, _, _ = select.select([self._reading], [], [], capped(timeout))
        if ready:
            self._reading.recv(65536)
        return bool(ready)
