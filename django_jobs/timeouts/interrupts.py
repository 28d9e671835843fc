"""Exceptions that one thread raises in another."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

from django_jobs.timeouts.blocks import this_thread

INSTANT = 0.0001
"""Seconds between two checks of whether an interrupt was sent."""


class ThreadInterrupt:
    """An exception that another thread can raise once in the thread that creates this.

    It arrives between two steps of Python code, except in `uninterrupted` blocks.

    It has no lock: the thread may be interrupted between acquiring one and entering the block that
    releases it, and then the lock would be held forever.

    Args:
        make_error: returns the exception.

    Attributes:
        fired: whether it was decided to interrupt the thread.
    """

    def __init__(self, make_error: Callable[[], BaseException]) -> None:
        self._make_error = make_error
        self._ident = threading.get_ident()
        self._thread = this_thread()
        self.reset()

    def reset(self) -> None:
        """Make it usable once more."""
        self.fired = self._sent = self._arrived = False

    def fire(self) -> None:
        """Raise the exception in the thread; called in another one."""
        # The thread enters a block, then checks whether this has fired. This fires, then checks
        # for a block. So at least one of the two sees the other.
        self.fired = True
        if not self._thread.blocks:
            _set_exception(self._ident, ctypes.py_object(_raised_as(self._error)))
        self._sent = True

    def deliver(self) -> None:
        """Raise the exception now if this has fired and the exception has not arrived."""
        if not self.fired or self._arrived:
            return
        self.withdraw()
        if not self._arrived:
            raise self._error()

    def withdraw(self) -> None:
        """Drop the exception if it has not arrived: it would interrupt what the thread does next.

        Called in the thread once it is certain that this has fired, or will.
        """
        while not self._sent:
            time.sleep(INSTANT)
        _set_exception(self._ident, None)

    def _error(self) -> BaseException:
        self._arrived = True
        return self._make_error()


def _raised_as(make: Callable[[], BaseException]) -> type[BaseException]:
    """Return a class that the interpreter calls when it raises it, and that returns the error."""

    class Raised(BaseException):
        def __new__(cls, made: BaseException | None = None) -> BaseException:  # type: ignore[misc]
            return made or make()  # Python 3.11 passes the error, as its class differs

    return Raised


def _set_exception(thread: int, kind: ctypes.py_object[type[BaseException]] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
