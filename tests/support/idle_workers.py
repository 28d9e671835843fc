"""Threads that listen at a broker, and remember that they were woken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from itertools import count

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Take
from tests.support.waiting import DEADLINE, NOTHING_HAPPENS

_names = count(1)


class IdleWorker:
    """A thread that listens without claiming anything, and remembers that it was woken.

    It has no lease, and passes no wake-up on.
    """

    def __init__(self, broker: Broker, queues: Collection[str]) -> None:
        self._queues = queues
        self._session = broker.session(f"idle-{next(_names)}")
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def interrupt(self) -> None:
        self._session.interrupt()

    def is_woken(self) -> bool:
        """Whether it is woken before the deadline."""
        return self._woken.wait(DEADLINE)

    def stays_asleep(self) -> bool:
        """Whether nothing wakes it for a moment."""
        return not self._woken.wait(NOTHING_HAPPENS)

    def end(self) -> None:
        """Wake it, so that no thread outlives its test."""
        if self._thread.is_alive():
            self.interrupt()
            self._thread.join(DEADLINE)
        self._session.close()

    @property
    def woken(self) -> bool:
        return self._woken.is_set()

    def _listen(self) -> None:
        self._session.listen(Take(0, (), self._queues), 10 * DEADLINE)
        self._woken.set()


def use_up_wake_up(broker: Broker, *queues: str, seconds: float = 0.05) -> None:
    """Take a marker along without claiming, as a worker does that listens and then dies."""
    session = broker.session(f"idle-{next(_names)}")
    session.listen(Take(0, (), queues), seconds)
    session.close()


StartIdleWorker = Callable[..., IdleWorker]
