"""The lock of the broker in memory."""

from __future__ import annotations

import threading

from django_jobs.timeouts.blocks import uninterrupted


class Lock:
    """A reentrant lock whose holder no time limit interrupts, so that no change is left half done.

    A job enqueues others, and may change them, in its own thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        uninterrupted.__enter__()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        uninterrupted.__exit__()

    def condition(self) -> threading.Condition:
        """Return a condition for holders of the lock, which is free while they wait."""
        return threading.Condition(self._lock)
