"""The settlements that the next exchange carries, and those that the broker refuses."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from django_jobs.brokers.base import Session
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.clock import now_ms
from django_jobs.errors import BrokerError, Fail, WrongKeyType
from django_jobs.jobs.records import Failure, Settlement, State, bytes_of
from django_jobs.tasks.retry import error_path
from django_jobs.worker.run.undecided import Undecided

from .in_flight import InFlight
from .room import BATCH

logger = logging.getLogger("django_jobs")

SUSPICIOUS = 2
"""Failures of a batch after which a call is made without it, to see whether the batch is why."""

REFUSALS = 3
"""How often a settlement is refused alone, while other calls pass, until it is shortened.

One or two may be chance: the server came back between the two calls.
"""

KEPT_OF_MESSAGE = 200


@dataclass(slots=True)
class Lone:
    """A settlement that is sent alone.

    Attributes:
        refusals: how often it was refused.
        is_short: whether it stands for one that was too large.
    """

    settlement: Settlement
    refusals: int = 0
    is_short: bool = False


class Undelivered:
    """Settlements to be sent one by one.

    A server may refuse a value for its size by closing the connection, without an error. If it were
    sent again together with others, it would hold them up forever.

    Args:
        session: abandons what can't be sent at all.
        inspection: reads the number of an attempt.
        worker: id of the worker.
        undecided: announces attempts of which the broker decides what follows, if there are any.
    """

    def __init__(
        self,
        session: Session,
        inspection: Inspection,
        worker: str,
        undecided: Undecided | None = None,
    ) -> None:
        self._session = session
        self._inspection = inspection
        self._worker = worker
        self._undecided = undecided
        self._waiting: deque[Lone] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, settlements: Iterable[Settlement]) -> None:
        """Take settlements of a call that passed only without them."""
        self._waiting.extend(map(Lone, settlements))

    def take(self) -> Lone:
        """Take the next one to send."""
        return self._waiting.popleft()

    def refused(self, lone: Lone, error: BrokerError) -> None:
        """Note that one was refused: it is sent again, then shortened, then abandoned."""
        one = lone.settlement
        lone.refusals += 1
        if lone.refusals < REFUSALS:
            self._waiting.append(lone)
        elif not lone.is_short:
            logger.error(
                "The outcome of job %s can't be stored as it is: %s",
                *(one.job_id, error),
                extra={"job_id": one.job_id},
            )
            short = shortened(one, self._attempt(one), self._worker, error)
            self._waiting.append(Lone(short, is_short=True))
        else:
            self._session.abandon(one)
            logger.error(
                "The end of job %s can't be reported. The job is taken back as if this worker had"
                " vanished: %s",
                *(one.job_id, error),
                extra={"job_id": one.job_id},
            )
            if self._undecided:
                self._undecided.settled_in_thread([one])

    def _attempt(self, one: Settlement) -> int:
        """Return the number of an attempt, or 0 if that is not known at the moment."""
        with suppress(BrokerError):
            record = self._inspection.find(one.job_id)
            return record.attempts if record else 0
        return 0


@dataclass(slots=True, eq=False)
class Batch:
    """The settlements of one exchange.

    Attributes:
        failures: how often an exchange with them has failed.
        lone: the record of a settlement that is sent alone, as the broker refused it before.
    """

    settlements: Sequence[Settlement]
    failures: int = 0
    lone: Lone | None = None


class Outbox:
    """Chooses the next batch, and keeps those whose exchange has failed. For one thread.

    The broker may refuse a settlement while it takes everything else, for instance because of its
    size. So a batch that keeps failing is followed by an exchange without settlements. If that one
    passes, the settlements are why, and each of them is sent alone. Where a key of the store is of
    the wrong type, the settlements are not why: they are sent again until the key is repaired.

    Args:
        in_flight: has the settlements that were not sent yet.
        undelivered: has those that are sent alone.
    """

    def __init__(self, in_flight: InFlight, undelivered: Undelivered) -> None:
        self._in_flight = in_flight
        self._undelivered = undelivered
        self._failed: deque[Batch] = deque()
        self._suspect: Batch | None = None
        self._suspicion: BrokerError | None = None
        self._probe: Batch | None = None

    @property
    def leftovers(self) -> int:
        """How many settlements were sent, and have to be sent again."""
        batches = [*self._failed, *filter(None, [self._suspect])]
        return sum(len(batch.settlements) for batch in batches) + len(self._undelivered)

    @property
    def unsent(self) -> int:
        """How many settlements the broker may not know of, besides those under way."""
        return self._in_flight.unsent + self.leftovers

    def take(self) -> Batch:
        """Take the settlements of the next exchange."""
        if self._suspect:
            self._probe = Batch(())
            return self._probe
        if self._failed:
            return self._failed.popleft()
        if self._undelivered:
            lone = self._undelivered.take()
            return Batch([lone.settlement], lone=lone)
        return Batch(self._in_flight.take_settlements(BATCH))

    def answered(self, batch: Batch) -> None:
        """Note that the broker has taken a batch."""
        if batch is self._probe and self._suspect and self._suspicion:
            self._isolate(self._suspect, self._suspicion)
            self._suspect = self._probe = None

    def failed(self, batch: Batch, error: BaseException) -> bool:
        """Keep a batch whose exchange has failed, to send it again.

        Returns:
            Whether the next exchange goes without it, to see whether the batch is why it failed.
        """
        if batch is self._probe and self._suspect:
            self._failed.appendleft(self._suspect)
            self._suspect = self._probe = None
        if not batch.settlements:
            return False
        batch.failures += 1
        keeps_failing = bool(batch.lone) or batch.failures >= SUSPICIOUS
        is_suspicious = keeps_failing and not isinstance(error, WrongKeyType)
        if isinstance(error, BrokerError) and is_suspicious and not self._suspect:
            self._suspect, self._suspicion = batch, error
            return True
        self._failed.append(batch)
        return False

    def _isolate(self, batch: Batch, error: BrokerError) -> None:
        if batch.lone:
            self._undelivered.refused(batch.lone, error)
        else:
            self._undelivered.add(batch.settlements)


def shortened(one: Settlement, attempt: int, worker: str, error: BrokerError) -> Settlement:
    """Return a settlement that says the same in few bytes; a result can't be, and is a failure."""
    if one.state is not State.SUCCEEDED:
        failure = one.failure and replace(
            one.failure,
            message=f"{one.failure.message[:KEPT_OF_MESSAGE]} (the rest can't be stored: {error})",
            traceback="",
        )
        return one._replace(failure=failure, metadata=None)
    metadata = f" and metadata of {bytes_of(one.metadata):,} bytes" if one.metadata else ""
    failure = Failure(
        exception=error_path(Fail),
        message=(
            "The task did its work, but its result can't be stored: Redis accepts other calls, but"
            f" rejects a result of {bytes_of(one.result):,} bytes{metadata}. Return less, and"
            " lower the option max_result to what the server takes; or let it take more"
            f" (proto-max-bulk-len of Redis). The last error: {error}"
        ),
        traceback="",
        at=now_ms(),
        worker=worker,
        attempt=attempt,
        duration=one.duration,
    )
    return one._replace(state=State.DEAD, result="null", failure=failure, metadata=None)
