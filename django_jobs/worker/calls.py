"""The calls of a worker's fetcher that are under way to the broker."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django_jobs.brokers.base import Answer, Broker, Patience, Reservation, Share
from django_jobs.brokers.lane import Lane
from django_jobs.errors import BrokerError
from django_jobs.job import Settlement

from .request import Request

LANES = (Lane.FIRST, Lane.SECOND)


@dataclass(slots=True)
class Call:
    """One of them; without an answer to wait for it has failed, and has to be sent again."""

    request: Request
    answer: Answer | None = None


class Calls:
    """At most two at a time, so that the broker works while we take an answer apart.

    Args:
        broker: whom they go to.
        worker: id of the worker.

    Attributes:
        expected: how many claims they may bring.
    """

    def __init__(self, broker: Broker, worker: str) -> None:
        self._broker = broker
        self._worker = worker
        self._numbers = dict.fromkeys(LANES, 0)
        self._under_way: deque[Call] = deque()
        self.expected = 0

    def __bool__(self) -> bool:
        return bool(self._under_way)

    @property
    def may_send(self) -> bool:
        """Whether there is room for one more: not behind one that has failed."""
        return len(self._under_way) < len(LANES) and None not in (
            call.answer for call in self._under_way
        )

    def send(
        self,
        shares: Sequence[Share],
        limit: int,
        settlements: Sequence[Settlement],
        last_look: int | None,
        patience: Patience | None = None,
    ) -> None:
        """Send a new one. If that fails, who waits for its answer hears of it."""
        busy = {call.request.lane for call in self._under_way}
        lane = next(lane for lane in LANES if lane not in busy)
        self._numbers[lane] += 1
        request = Request(lane, self._numbers[lane], shares, limit, settlements, last_look)
        call = Call(request)
        self._under_way.append(call)
        self.expected += limit
        with suppress(BrokerError):
            call.answer = self._sent(request, patience)

    def answer(self) -> tuple[Request, Reservation]:
        """Wait for the answer to the first one, which is sent again if it has failed.

        Raises:
            BrokerError: it has failed.
        """
        call = self._under_way[0]
        answer = call.answer or self._sent(call.request)
        call.answer = None
        reservation = answer()
        self._under_way.popleft()
        self.expected -= call.request.limit
        return call.request, reservation

    def _sent(self, request: Request, patience: Patience | None = None) -> Answer:
        return self._broker.send(
            self._worker,
            request.call,
            request.shares,
            request.limit,
            request.settlements,
            patience,
            lane=request.lane,
        )
