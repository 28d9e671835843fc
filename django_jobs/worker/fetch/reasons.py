"""When there is a reason to call the broker, and how many jobs to ask for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from .mode import Mode
from .outbox import Outbox
from .room import BATCH, Prefetch
from .state import FetchState

FLUSH = 0.005
"""Seconds that a settlement waits for others."""

LOOK_AGAIN = 0.1
"""Seconds between two looks while a worker drains, as running jobs may enqueue others."""


class Reasons:
    """What the exchange loop decides by.

    Args:
        state: what the loops share.
        outbox: has the settlements.

    Attributes:
        prefetch: how many jobs the worker takes ahead.
    """

    def __init__(
        self, state: FetchState, outbox: Outbox, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._clock = clock
        self._empty_at = -math.inf
        self.prefetch = Prefetch(clock)

    # --- jobs --------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many jobs the next call may bring."""
        return self._state.room.free(self.prefetch.ahead) if self._may_take() else 0

    def promise(self) -> int:
        """Promise the next call as many jobs as it may bring, and return how many these are."""
        return self._state.room.promise(self.prefetch.ahead) if self._may_take() else 0

    def _may_take(self) -> bool:
        """Return whether jobs are the exchange loop's to take: the listener takes what comes."""
        outlook = self._state.outlook
        return self._state.may_take and not (outlook.listening and outlook.empty)

    def wants_more(self) -> bool:
        """Return whether there may be jobs, and room for enough of them to be worth a call."""
        return not self._state.outlook.empty and self._wants_jobs()

    def _wants_jobs(self) -> bool:
        return self._surplus() <= 0 and self.room > 0

    def _surplus(self) -> int:
        """Return how many jobs can start before it is time to ask for the next ones."""
        ahead = self.prefetch.ahead
        coming = self._state.executors.waiting + self._state.room.promised
        return coming - max(ahead // 2, ahead - BATCH)

    # --- a worker that drains ----------------------------------------------------------------

    def note_look(self, *, found_empty: bool) -> None:
        """Note what a lone call of a worker that drains has found."""
        self._empty_at = self._clock() if found_empty else -math.inf

    @property
    def is_drained(self) -> bool:
        """Whether the last look found the queues empty."""
        return self._empty_at > -math.inf

    def _must_look(self) -> bool:
        draining = self._state.mode.current is Mode.DRAINING
        return draining and self._clock() - self._empty_at >= self._look_after()

    def _look_after(self) -> float:
        return math.inf if self._state.in_flight.holds_nothing else LOOK_AGAIN

    # --- when to call ------------------------------------------------------------------------

    def has_reason(self) -> bool:
        """Return whether there is a reason for a call, with no other one under way."""
        due_in = self._state.outlook.due_in
        return (
            (due_in is not None and due_in <= 0)
            or self._outbox.leftovers > 0
            or self._is_time_to_settle()
            or self.wants_more()
            or (self._must_look() and self._wants_jobs())
        )

    def _is_time_to_settle(self) -> bool:
        in_flight = self._state.in_flight
        unsent = in_flight.unsent
        return unsent > 0 and (
            unsent >= BATCH
            or in_flight.holds_nothing
            or in_flight.age >= FLUSH
            or self._surplus() <= 0
        )

    def seconds_until_next(self) -> float:
        """Return the seconds until there may be a reason, unless something changes before."""
        in_flight = self._state.in_flight
        unsent = in_flight.unsent
        if in_flight.notify_at(self._enough(unsent) if unsent else 1):
            return 0.0
        waits = [*self._state.executors.waits()]
        if unsent:
            waits.append(FLUSH - in_flight.age)
        if (due_in := self._state.outlook.due_in) is not None:
            waits.append(due_in)
        if self._state.mode.current is Mode.DRAINING:
            waits.append(self._look_after())
        return max(0.0, min(waits, default=math.inf))

    def _enough(self, unsent: int) -> int:
        """Return at how many settlements there is a reason: a full batch, or too few jobs here."""
        starts = self._surplus()
        if starts > self._state.executors.waiting:  # what the calls under way bring will do
            return BATCH
        return min(BATCH, unsent + max(1, starts))
