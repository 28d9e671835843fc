"""Markers of queues that may have jobs, which wake listening workers."""

from __future__ import annotations

from collections.abc import Iterable, Set

from django_jobs.waits import capped

from .lock import Lock


class Markers:
    """Queues that may have jobs nobody was woken for. One marker wakes one listening worker.

    Args:
        lock: the broker's, held by the caller.

    Attributes:
        paused: queues that get no marker.
    """

    def __init__(self, lock: Lock) -> None:
        self.paused: set[str] = set()
        self._marked: set[str] = set()
        self._interrupted: set[str] = set()
        self._changed = lock.condition()

    @property
    def queues(self) -> Set[str]:
        """The queues that are marked."""
        return self._marked

    def add(self, queue: str) -> None:
        """Mark a queue, unless it is paused, so that one listening worker looks at it."""
        if queue in self._marked or queue in self.paused:
            return  # if it is marked, a worker was woken for it, or looks before it listens
        self._marked.add(queue)
        self._changed.notify_all()

    def add_all(self, queues: Iterable[str]) -> None:
        """Mark several queues."""
        for queue in queues:
            self.add(queue)

    def discard(self, queue: str) -> None:
        self._marked.discard(queue)

    def interrupt(self, worker_id: str) -> None:
        """End the wait of a worker: the present one, or else its next one."""
        self._interrupted.add(worker_id)
        self._changed.notify_all()

    def forget(self, worker_id: str) -> None:
        """Drop an interruption that no wait has consumed."""
        self._interrupted.discard(worker_id)

    def wait(self, queues: Set[str], worker_id: str, timeout: float) -> None:
        """Wait for a marker of one of the queues, or of any if there are none, and take it.

        A worker that is interrupted takes none.
        """
        self._changed.wait_for(
            lambda: worker_id in self._interrupted or self._of(queues), capped(timeout)
        )
        if worker_id in self._interrupted:
            self._interrupted.discard(worker_id)
            return
        for queue in self._of(queues)[:1]:
            self._marked.discard(queue)

    def _of(self, queues: Set[str]) -> list[str]:
        return list(self._marked & queues if queues else self._marked)
