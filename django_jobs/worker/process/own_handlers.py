"""Signal handlers of this process alone: processes forked from it get the default actions."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import cache
from types import FrameType


class OwnHandler:
    """A signal handler that forked processes do not inherit.

    A job that forks a process must be able to terminate it. With the worker's handler, the signal
    would only set a flag in a copy of the worker. So the process gets the default action, as a
    program that the job starts.

    Args:
        hear: told the number, in the middle of anything.
    """

    def __init__(self, hear: Callable[[int], None]) -> None:
        self._hear = hear
        _watch_forks()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._hear(number)


@cache
def _watch_forks() -> None:
    """Look after each fork of this process from now on; Python has no way to undo this."""
    os.register_at_fork(before=_hold, after_in_parent=_let_in, after_in_child=_use_defaults)


def _hold() -> None:
    """Hold signals back: Python forgets those that reach a new process before it has begun."""
    _fork.handled = _handled_here()
    _fork.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _fork.handled)


def _let_in() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _fork.mask)


def _use_defaults() -> None:
    """Use default actions in the new process.

    They are set here and not by the handler when a signal comes: a thread has forked the process,
    where some versions of Python, such as 3.13.0, run handlers only during system calls.
    """
    for number in _fork.handled:
        signal.signal(number, signal.SIG_DFL)
    if _fork.handled:
        signal.set_wakeup_fd(-1)  # which would end waits of the process that has forked
    _let_in()


def _handled_here() -> list[signal.Signals]:
    known = signal.Signals
    return [number for number in known if isinstance(signal.getsignal(number), OwnHandler)]


_fork = threading.local()
