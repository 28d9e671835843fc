"""A thread that settles what ends while the fetcher waits at the broker."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django_jobs.brokers.base import Broker
from django_jobs.errors import BrokerError
from django_jobs.job import Settlement
from django_jobs.waits import capped

from .ledger import Ledger
from .next_due import NextDue
from .outage import Outage

logger = logging.getLogger("django_jobs")

FLUSH = 0.005
"""Seconds that a settlement waits for others."""

BATCH = 150
"""Settlements, or claims, of one call: it keeps Redis busy for about three milliseconds."""

ENDING = 5.0
"""Seconds that the last calls may take."""


def tell_of_refused(refused: Sequence[str]) -> None:
    """Write to the log which attempts ended in vain."""
    if refused:
        logger.warning(
            "%d attempts ended after their jobs had been given to other workers: %s",
            len(refused),
            ", ".join(refused[:10]),
        )


class Settler:
    """Stands in for a fetcher that can't do anything else while it waits.

    It reports what has ended, and ends the wait when something is due or somebody asks for it.

    Args:
        broker: where the fetcher waits.
        worker: id of the worker.
        ledger: what has ended.
        due: when the next job is due.
        on_settled: called after each call that settled something.

    Attributes:
        answered: how many such calls there were.
    """

    def __init__(
        self,
        broker: Broker,
        worker: str,
        ledger: Ledger,
        due: NextDue,
        on_settled: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._worker = worker
        self._ledger = ledger
        self._due = due
        self._on_settled = on_settled
        self._wake = threading.Event()
        self._on_duty = False
        self._asked = False
        self._calls = self.answered = 0
        self._unanswered: list[Settlement] = []
        self._taking = threading.Lock()
        self._outage = Outage("settle jobs")
        self._over = threading.Event()
        self._end_at = math.inf
        self._ended = threading.Event()

    @contextmanager
    def standing_in(self) -> Iterator[None]:
        """Stand in for the fetcher as long as the block takes."""
        self._asked = False
        self._on_duty = True
        if self._ledger.unsent or self._due.is_known:
            self._wake.set()
        try:
            yield
        finally:
            self._on_duty = False

    def settled(self, unsent: int) -> None:
        """Note that the ledger has a settlement more, which makes so many.

        Each number comes up once: two threads that both saw a 2 would leave it to each other.
        """
        if self._on_duty and unsent in (1, BATCH):
            self._wake.set()

    def end_wait(self) -> None:
        """End the fetcher's wait, if it waits. It comes without the broker, who may not answer."""
        if self._on_duty:
            self._asked = True
            self._wake.set()

    @property
    def owes(self) -> bool:
        """Whether it has taken settlements that the broker may not know of."""
        with self._taking:
            return bool(self._unanswered)

    def run(self) -> None:
        """Do so whenever the fetcher waits, until stopped with everything sent, if that is soon."""
        while not self._may_end():
            self._wake.wait(capped(self._leisure()))
            self._wake.clear()
            try:
                self._go_round()
                self._outage.over()
            except BrokerError as error:
                # Left set, so that who woke us is heard after it.
                left = max(0.0, self._end_at - time.monotonic())
                self._wake.wait(capped(min(left, self._outage.failed(error))))
        if self._unanswered:
            logger.warning(
                "%d ended attempts could not be reported: their jobs may run again.",
                len(self._unanswered),
            )
        self._ended.set()

    def _may_end(self) -> bool:
        return self._over.is_set() and (not self.owes or time.monotonic() >= self._end_at)

    def stop(self) -> None:
        """Let `run` end."""
        self._end_at = time.monotonic() + ENDING
        self._over.set()
        self._wake.set()
        self._ended.wait(ENDING)

    def _leisure(self) -> float | None:
        """Return the seconds in which there is nothing to do, or None for no end."""
        if self._unanswered:
            return 0.0
        if not self._on_duty:
            return None
        waits = [0.0 if self._is_time_to_send() else FLUSH] if self._ledger.unsent else []
        waits += self._due.waits()
        return min(waits, default=None)

    def _go_round(self) -> None:
        if self._on_duty and (self._asked or self._due.is_over):
            self._end_wait()
        if self._unanswered or (self._on_duty and self._is_time_to_send()):
            self._settle()

    def _end_wait(self) -> None:
        # First of all: as soon as it has ended, somebody may ask again, or something be due.
        self._asked = False
        self._due.forget()
        try:
            self._broker.rouse(self._worker)
        except BrokerError:
            self._asked = True
            raise

    def _is_time_to_send(self) -> bool:
        ledger = self._ledger
        return ledger.unsent >= BATCH or ledger.age >= FLUSH or ledger.holds_nothing

    def _settle(self) -> None:
        if not self._unanswered:
            with self._taking:
                self._unanswered = self._ledger.take_settlements(BATCH)
            if not self._unanswered:  # the fetcher was faster
                return
            self._calls += 1
        answer = self._broker.settle(self._worker, self._calls, self._unanswered)
        self._due.hear(answer.due_in)
        self.answered = self._calls
        self._unanswered = []
        tell_of_refused(answer.refused)
        self._on_settled()
