"""The calls of a worker's fetcher that are under way to the broker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Answer, Call, Lane, Patience, Reservation, Share
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Settlement

from .undelivered import SUSPICIOUS

LANES = (Lane.FIRST, Lane.SECOND)

SendAlone: TypeAlias = Callable[[Sequence[Settlement]], None]


@dataclass(slots=True)
class UnderWay:
    """A call; without an answer to wait for it has failed, and has to be sent again.

    Attributes:
        failures: how often it has failed.
        outdated: another one has failed since it was sent. What its answer brings may belong to
            others by now, so the call is sent again, which brings what is still held.
    """

    call: Call
    answer: Answer | None = None
    outdated: bool = False
    failures: int = 0


class Calls:
    """At most two at a time, so that the broker works while we take an answer apart.

    Args:
        broker: whom they go to.
        worker: id of the worker.
        send_alone: takes settlements without which a call got through.

    Attributes:
        expected: how many claims they may bring.
    """

    def __init__(self, broker: Broker, worker: str, send_alone: SendAlone) -> None:
        self._broker = broker
        self._worker = worker
        self._send_alone = send_alone
        self._numbers = dict.fromkeys(LANES, 0)
        self._sent = 0
        self._under_way: deque[UnderWay] = deque()
        self.expected = 0

    def __bool__(self) -> bool:
        return bool(self._under_way)

    @property
    def may_send(self) -> bool:
        """Whether there is room for one more: not behind one that has failed."""
        return len(self._under_way) < len(LANES) and all(it.answer for it in self._under_way)

    def send(
        self,
        shares: Sequence[Share],
        limit: int,
        settlements: Sequence[Settlement],
        patience: Patience | None = None,
    ) -> None:
        """Send a new one. If that fails, who waits for its answer hears of it."""
        # By turns: a gap that shows on a lane only after hours would give back what runs by then.
        lane = LANES[self._sent % len(LANES)]
        self._sent += 1
        self._numbers[lane] += 1
        one = UnderWay(Call(self._numbers[lane], shares, limit, settlements, lane))
        self._under_way.append(one)
        self.expected += limit
        with suppress(BrokerError):
            one.answer = self._broker.send(self._worker, one.call, patience)

    def answer(self) -> tuple[Call, Reservation]:
        """Wait for the answer to the first one, which is sent again if it has failed.

        Raises:
            BrokerError: it has failed.
        """
        one = self._under_way[0]
        try:
            reservation = self._reservation(one)
        except BrokerError as error:
            for other in self._under_way:
                other.outdated = True
            reservation = self._without_settlements(one, error)
        self._under_way.popleft()
        self.expected -= one.call.limit
        return one.call, reservation

    def _reservation(self, one: UnderWay) -> Reservation:
        answer, one.answer = one.answer, None
        if answer and one.outdated:
            answer()  # to the end, as its connection will be used again
            answer = None
        answer = answer or self._broker.send(self._worker, one.call)
        return answer()

    def _without_settlements(self, one: UnderWay, error: BrokerError) -> Reservation:
        """Make a call that keeps failing without its settlements, which may be why it does.

        If the broker has taken them before, it refuses them when they come again.

        Raises:
            BrokerError: they are not, or it is too early to tell.
        """
        one.failures += 1
        if one.failures < SUSPICIOUS or not one.call.settlements:
            raise error
        reservation = self._broker.reserve(self._worker, one.call._replace(settlements=()))
        self._send_alone(one.call.settlements)
        return reservation
