"""Word that queues may have jobs, for workers that wait."""

from __future__ import annotations

from collections.abc import Set

from django_jobs.waits import capped

from .lock import Lock


class Marks:
    """Queues that may have jobs nobody was woken for. One mark wakes one waiting worker.

    Args:
        lock: the broker's, held by whoever calls.
    """

    def __init__(self, lock: Lock) -> None:
        self._marked: set[str] = set()
        self._roused: set[str] = set()
        self._woken = lock.condition()

    @property
    def queues(self) -> Set[str]:
        """The queues of which nobody has heard."""
        return self._marked

    def add(self, queue: str) -> None:
        if queue not in self._marked:  # else whom it concerns was woken, or looks before it sleeps
            self._marked.add(queue)
            self._woken.notify_all()

    def discard(self, queue: str) -> None:
        self._marked.discard(queue)

    def rouse(self, worker: str) -> None:
        """End the wait of a worker, the one that it is in or else its next one."""
        self._roused.add(worker)
        self._woken.notify_all()

    def forget(self, worker: str) -> None:
        """Let a worker wait again, if it was roused and did not wait since."""
        self._roused.discard(worker)

    def wait(self, queues: Set[str], worker: str, timeout: float) -> None:
        """Wait for a mark of one of the queues, or of any if there are none, and take it.

        A worker that is roused takes none.
        """
        self._woken.wait_for(lambda: worker in self._roused or self._of(queues), capped(timeout))
        if worker in self._roused:
            self._roused.discard(worker)
            return
        for queue in self._of(queues)[:1]:
            self._marked.discard(queue)

    def _of(self, queues: Set[str]) -> list[str]:
        return list(self._marked & queues if queues else self._marked)
