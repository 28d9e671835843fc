"""Threads that wait at a broker, and threads that do something at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from itertools import count

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import (
    Take,
)
from tests.support.waiting import DEADLINE, NOTHING_HAPPENS

_names = count(1)


class Waiter:
    """A thread that listens without claiming anything, and remembers that it was woken.

    It has no lease, and passes no wake-up on.
    """

    def __init__(self, broker: Broker, queues: Collection[str]) -> None:
        self._queues = queues
        self._session = broker.session(f"waiter-{next(_names)}")
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
    session = broker.session(f"waiter-{next(_names)}")
    session.listen(Take(0, (), queues), seconds)
    session.close()


def in_threads(number: int, work: Callable[[int], object]) -> None:
    """Run `work(0)` … `work(number - 1)` at the same time; the first error is raised here."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(number)

    def run(index: int) -> None:
        try:
            barrier.wait(DEADLINE)
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"


WaiterFactory = Callable[..., Waiter]
