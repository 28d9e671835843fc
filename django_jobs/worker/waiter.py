"""A thread that sleeps at the broker while there is nothing to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django_jobs.brokers.base import Broker
from django_jobs.errors import BrokerError

from .outage import Outage
from .served import ServedQueues

logger = logging.getLogger("django_jobs")

IDLE = 10.0
"""Seconds after which an idle worker looks for work that nobody told it of."""

ENDING = 5.0
"""Seconds that the end of a wait may take."""


class Waiter:
    """Waits when it is armed, and says when there may be work.

    It has a thread of its own, as the fetcher must be free to settle what ends meanwhile.

    Args:
        broker: where to wait.
        worker: id of the worker.
        queues: what is served.
        wake: called when the wait is over.
    """

    def __init__(
        self, broker: Broker, worker: str, queues: ServedQueues, wake: Callable[[], None]
    ) -> None:
        self._broker = broker
        self._worker = worker
        self._queues = queues
        self._wake = wake
        self._armed = threading.Event()
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self._outage = Outage("wait for jobs")
        self._woken = False

    def arm(self) -> bool:
        """Start to wait, or go on; tell whether it did not wait before."""
        if self._armed.is_set():
            return False
        self._armed.set()
        return True

    @property
    def is_owed(self) -> bool:
        """Whether a wait was over, which nobody has asked about yet."""
        return self._woken

    def was_woken(self) -> bool:
        """Tell, once, that a wait was over: the broker is owed a `reserve` for it."""
        woken, self._woken = self._woken, False
        return woken

    def run(self) -> None:
        """Wait whenever armed, until stopped."""
        while not self._stopped.is_set():
            self._armed.wait()
            if self._stopped.is_set():
                break
            try:
                self._broker.wait(self._queues.names, IDLE, self._worker)
                self._outage.over()
            except BrokerError as error:
                if self._stopped.is_set():
                    break
                self._stopped.wait(self._outage.failed(error))
            self._armed.clear()
            self._woken = True
            self._wake()
        self._ended.set()

    def stop(self) -> None:
        """End the wait, too: it would be woken instead of somebody who lives."""
        self._stopped.set()
        if self._armed.is_set():
            self._rouse()
        self._armed.set()
        self._ended.wait(ENDING)

    def _rouse(self) -> None:
        try:
            self._broker.rouse(self._worker)
        except BrokerError as error:
            logger.warning("Could not end the wait for jobs: %s", error)
