"""When the next scheduled or retrying job is due, as far as the broker has said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator


class NextDue:
    """The earliest time that any answer named since the last look at the queues. Safe in threads.

    A time too early costs a look that brings nothing; one too late would let a job wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: float | None = None

    def hear(self, due_in: int | None) -> None:
        """Note what an answer says: milliseconds from now, or None."""
        if due_in is None:
            return
        at = time.monotonic() + due_in / 1000
        with self._lock:
            self._at = at if self._at is None else min(at, self._at)

    def forget(self) -> None:
        """Forget it before a look at the queues, whose answer names it anew."""
        with self._lock:
            self._at = None

    @property
    def is_known(self) -> bool:
        """Whether anything will be due."""
        return self._at is not None

    @property
    def is_over(self) -> bool:
        """Whether something is due."""
        at = self._at
        return at is not None and time.monotonic() >= at

    def waits(self) -> Iterator[float]:
        """Return the seconds until then, if it is known."""
        at = self._at
        if at is not None:
            yield at - time.monotonic()
