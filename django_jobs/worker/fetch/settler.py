"""A thread that settles what ends while the fetcher waits at the broker."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Reservation
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Settlement
from django_jobs.waits import capped
from django_jobs.worker.background.backoff import Outage

from .ledger import Ledger
from .next_due import NextDue
from .undelivered import SUSPICIOUS, Lone, Undelivered

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
        self._failures = 0  # of the call that has no answer
        self._lone: Lone | None = None
        self._undelivered = Undelivered(broker, worker)
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
            return bool(self._unanswered or self._undelivered)

    def send_alone(self, settlements: Sequence[Settlement]) -> None:
        """Send settlements one by one, as a call got through only without them."""
        self._undelivered.add(settlements)
        self._wake.set()

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
        if unreported := len(self._unanswered) + len(self._undelivered):
            logger.warning(
                "%d ended attempts could not be reported: their jobs may run again.", unreported
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
        if self._owes_call:
            return 0.0
        if not self._on_duty:
            return None
        waits = [0.0 if self._is_time_to_send() else FLUSH] if self._ledger.unsent else []
        waits += self._due.waits()
        return min(waits, default=None)

    def _go_round(self) -> None:
        if self._on_duty and (self._asked or self._due.is_over):
            self._end_wait()
        if self._owes_call or (self._on_duty and self._is_time_to_send()):
            self._settle()

    @property
    def _owes_call(self) -> bool:
        return bool(self._unanswered or self._undelivered)

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
        if not self._unanswered and not self._take():  # the fetcher was faster
            return
        try:
            answer = self._broker.settle(self._worker, self._calls, self._unanswered)
            if self._lone is None:  # else it may have been settled before
                tell_of_refused(answer.refused)
        except BrokerError as error:
            answer = self._without_settlements(error)
            self._isolate(error)
        self._due.hear(answer.due_in)
        self.answered = self._calls
        self._unanswered = []
        self._on_settled()

    def _take(self) -> bool:
        """Take what is to be settled next, and tell whether there is anything."""
        with self._taking:
            self._lone = self._undelivered.take() if self._undelivered else None
            if self._lone:
                self._unanswered = [self._lone.settlement]
            else:
                self._unanswered = self._ledger.take_settlements(BATCH)
        if not self._unanswered:
            return False
        self._calls += 1
        self._failures = 0
        return True

    def _without_settlements(self, error: BrokerError) -> Reservation:
        """Make a call that keeps failing without its settlements, which may be why it does.

        Raises:
            BrokerError: they are not, or it is too early to tell.
        """
        self._failures += 1
        if self._failures < SUSPICIOUS and not self._lone:
            raise error
        return self._broker.settle(self._worker, self._calls, ())

    def _isolate(self, error: BrokerError) -> None:
        """Send alone what the broker refuses."""
        if self._lone:
            self._undelivered.refused(self._lone, error)
        else:
            self._undelivered.add(self._unanswered)
