"""What the tests of addresses and servers share."""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import Any

import pytest

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerError, BrokerUnavailable
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.support.builders import make_jobs
from tests.support.workers import Notes

PORTION = 25


def refusal(url: str, kind: type[BrokerError] = BrokerUnavailable, **options: Any) -> str:
    """Return why a push fails."""
    broker = RedisBroker(url, **{"socket_timeout": 1, **options})
    try:
        with pytest.raises(kind) as raised:
            broker.push(make_jobs(1))
    finally:
        broker.close()
    return str(raised.value)


def pushed(url: str, **options: Any) -> int:
    """Push a job, and return how many are there."""
    broker = RedisBroker(url, **options)
    try:
        broker.push(make_jobs(1))
        return broker.inspection.counts()[State.QUEUED]
    finally:
        broker.close()


class Producer:
    """Enqueues jobs in portions, in a thread, until so many are acknowledged.

    Each job notes its number.

    Args:
        number: how many jobs.

    Attributes:
        began: when the call began that enqueued a job, for each number that was acknowledged.
        failures: errors of calls, whose jobs are not counted.
    """

    def __init__(self, number: int) -> None:
        self.began: dict[int, float] = {}
        self.failures: list[BrokerError] = []
        self._number = number
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        for first in count(step=PORTION):
            if len(self.began) >= self._number:
                return
            portion, began = range(first, first + PORTION), time.monotonic()
            try:
                tasks.note.bulk_enqueue([(str(number),) for number in portion])
            except BrokerError as error:
                self.failures.append(error)
            else:
                self.began.update(dict.fromkeys(portion, began))


def not_run(numbers: set[int], notes: Notes) -> set[str]:
    """Return which of the jobs with these numbers have not run."""
    return set(map(str, numbers)) - set(notes.lines)
