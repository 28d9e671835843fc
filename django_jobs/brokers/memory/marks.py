"""Word that queues may have jobs, for workers that wait."""

from __future__ import annotations

import threading


class Marks:
    """Queues that may have jobs nobody was woken for. One mark wakes one waiting worker.

    Args:
        lock: the broker's, held by whoever calls.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._marked: set[str] = set()
        self._woken = threading.Condition(lock)

    def add(self, queue: str) -> None:
        if queue not in self._marked:  # else whom it concerns was woken, or looks before it sleeps
            self._marked.add(queue)
            self._woken.notify_all()

    def discard(self, queue: str) -> None:
        self._marked.discard(queue)

    def wait(self, queues: set[str], timeout: float) -> None:
        """Wait for a mark of one of the queues, or of any if there are none, and take it."""
        self._woken.wait_for(lambda: self._of(queues), max(0.0, timeout))
        for queue in self._of(queues)[:1]:
            self._marked.discard(queue)

    def _of(self, queues: set[str]) -> list[str]:
        return list(self._marked & queues if queues else self._marked)
