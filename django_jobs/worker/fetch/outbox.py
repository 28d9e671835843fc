"""The settlements that the next exchange carries."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Settlement

from .in_flight import InFlight
from .room import BATCH
from .undelivered import SUSPICIOUS, Lone, Undelivered


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
    passes, the settlements are why, and each of them is sent alone.

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
        is_suspicious = bool(batch.lone) or batch.failures >= SUSPICIOUS
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
