"""The signals of a worker process, and a wait of its main thread that any of them ends."""

from __future__ import annotations

import logging
import select
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from django_jobs.waits import capped

from .own_handlers import OwnHandler


class HasFileno(Protocol):
    """Something that `select` can wait for."""

    def fileno(self) -> int: ...


logger = logging.getLogger("django_jobs")

WITHOUT_MEANING = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that other programs use. They must not end a worker that gets one by mistake."""

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, *WITHOUT_MEANING)


class Wakeup:
    """A pair of sockets to which the interpreter writes when a signal arrives.

    A signal that comes in the moment before a thread begins to wait for a lock or a queue does not
    end that wait: its handler would run at the next signal, or never. What is in a socket stays.
    """

    def __init__(self) -> None:
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)

    def fileno(self) -> int:
        """Return the file descriptor to which the interpreter writes."""
        return self._writing.fileno()

    def ring(self) -> None:
        """End the wait from another thread."""
        with suppress(OSError):  # the buffer is full, or nobody waits any more
            self._writing.send(b"\0")

    def wait(self, timeout: float | None, sources: Sequence[HasFileno] = ()) -> list[HasFileno]:
        """Wait for a signal, a ring, something in a source, or a capped time.

        Returns:
            The sources that have something, or whose other side is gone.
        """
        ready, _, _ = select.select([self._reading, *sources], [], [], capped(timeout))
        if self._reading in ready:
            self._reading.recv(65536)
            ready.remove(self._reading)
        return ready

    def close(self) -> None:
        self._reading.close()
        self._writing.close()


@contextmanager
def listening(numbers: Sequence[signal.Signals], hear: Callable[[int], None]) -> Iterator[Wakeup]:
    """Handle signals from now on, also after the block; inside it, each ends the wait.

    Forked processes do not inherit the handlers.

    Args:
        numbers: which signals. HUP stays ignored if it is, as `nohup` wants it.
        hear: told the number, in the middle of anything.
    """
    handle = OwnHandler(hear)
    wakeup = Wakeup()
    before = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    try:
        for number in numbers:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, handle)
        yield wakeup
    finally:
        signal.set_wakeup_fd(before)
        wakeup.close()


@contextmanager
def restored(numbers: Sequence[signal.Signals] = HEARD) -> Iterator[None]:
    """Restore the signal handlers after the block."""
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def log_meaningless(number: int) -> None:
    """Log a signal that has no meaning here."""
    logger.warning("%s has no effect here.", signal.Signals(number).name)
