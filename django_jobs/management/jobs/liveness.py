"""Finds out in a limited time whether workers of this machine live."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.errors import BrokerError
from django_jobs.waits import capped

LIMIT = 0.3
"""Seconds in which the broker has to answer."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """What is known of the workers of one machine.

    Attributes:
        host: name of the machine, or of the container.
        workers: how many send heartbeats, or None if the broker did not say.
        problem: why it did not.
    """

    host: str
    workers: int | None
    problem: str = ""

    @property
    def is_live(self) -> bool | None:
        """Whether there is a worker, or None if that is unknown."""
        return None if self.workers is None else self.workers > 0


def find_liveness(inspection: Inspection) -> Liveness:
    """Return what the broker says within `LIMIT` of the workers of this machine."""
    host = socket.gethostname()
    late = Liveness(host, None, f"The broker did not answer within {LIMIT:g} s.")
    return _in_time(lambda: _ask(inspection, host), LIMIT, late)


def _ask(inspection: Inspection, host: str) -> Liveness:
    try:
        workers = inspection.workers()
    except BrokerError as error:
        return Liveness(host, None, str(error))
    return Liveness(host, sum(worker.host == host for worker in workers))


def _in_time(ask: Callable[[], Liveness], limit: float, late: Liveness) -> Liveness:
    """Return an answer, or `late` after so many seconds; the process can end before the answer."""
    answers: SimpleQueue[Liveness] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(ask()), daemon=True).start()
    try:
        return answers.get(timeout=capped(limit))
    except Empty:
        return late
