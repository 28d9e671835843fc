"""The loop that settles finished attempts and claims the next jobs, in one call for many."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from django_jobs.brokers.base import Session
from django_jobs.brokers.messages import PendingReply, Reply
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import State
from django_jobs.waits import capped
from django_jobs.worker.backoff import BrokerBackoff

from .intake import Intake
from .listener import Listener
from .mode import Mode
from .outbox import Batch, Outbox
from .queues import ServedQueues
from .reasons import Reasons
from .state import FetchState

logger = logging.getLogger("django_jobs")

UNDER_WAY = 2
"""Calls at a time, so that the broker works while a reply is taken apart."""

ENDING = 5.0
"""Seconds that the last calls may take."""


@dataclass(frozen=True, slots=True)
class Call:
    """An exchange whose reply was not read yet.

    Attributes:
        limit: how many jobs it may bring, for which there is room.
        at_once: how many of the jobs that it may bring start at once.
        is_look: whether it shows if the queues are empty: no other call was under way.
    """

    batch: Batch
    limit: int
    at_once: int
    is_look: bool
    pending: PendingReply

    def may_leave_rates(self, claims: int) -> bool:
        """Return whether jobs with rates may be left that start only in a thread that is free."""
        return claims >= self.at_once


class ExchangeLoop:
    """The only sender of settlements. It never blocks for jobs.

    Args:
        session: with the broker.
        queues: what the worker serves.
        state: what the loops share.
        intake: takes the claims.
        outbox: has the settlements.
        listener: the other loop. Its listen is interrupted when the worker's mode changes.
        finished: set when a worker that ends by itself has nothing left to do.

    Attributes:
        progress_at: when it made its last step, in seconds of the clock.
    """

    def __init__(
        self,
        session: Session,
        queues: ServedQueues,
        state: FetchState,
        intake: Intake,
        outbox: Outbox,
        listener: Listener,
        finished: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._queues = queues
        self._state = state
        self._intake = intake
        self._outbox = outbox
        self._listener = listener
        self._finished = finished
        self._clock = clock
        self._reasons = Reasons(state, outbox, clock)
        self._outage = BrokerBackoff("settle or claim jobs")
        self._calls: deque[Call] = deque()
        self._retry_at = 0.0
        self._end_at = math.inf
        self._has_interrupted = False
        self.progress_at = clock()

    def run(self) -> None:
        """Exchange settlements for claims until the worker closes and everything is sent."""
        changes = self._state.changes
        while not self._is_over():
            seen = changes.count
            if pause := self.step():
                changes.wait(seen, capped(pause))
        under_way = sum(len(call.batch.settlements) for call in self._calls)
        if unsent := self._outbox.unsent + under_way:
            logger.warning(
                "%d ended attempts could not be reported: their jobs may run again.", unsent
            )

    def step(self) -> float:
        """Do the next thing that there is to do.

        Returns:
            Seconds until the next step, unless something changes before.
        """
        self.progress_at = self._clock()
        self._state.executors.wake_if_stalled()
        if self._intake.give_back_hoarded():
            self._reasons.prefetch.reset()
        self._follow_mode()
        try:
            return self._act()
        except BrokerError as error:
            self._back_off(error)
            return 0.0

    def _act(self) -> float:
        if self._may_send() and self._has_reason():
            self._send()
        elif self._calls:
            self._receive()
        else:
            if self._is_finished():
                self._finished.set()
            return self._pause()
        return 0.0

    def _may_send(self) -> bool:
        if self._clock() < self._retry_at:
            return False
        return len(self._calls) < (1 if self._outbox.leftovers else UNDER_WAY)

    def _has_reason(self) -> bool:
        return self._reasons.wants_more() if self._calls else self._reasons.has_reason()

    def _pause(self) -> float:
        now = self._clock()
        left = self._end_at - now
        if now < self._retry_at:
            return capped(min(self._retry_at - now, left))
        return capped(min(self._reasons.seconds_until_next(), left))

    # --- the mode ----------------------------------------------------------------------------

    def _follow_mode(self) -> None:
        mode = self._state.mode.current
        if mode is Mode.RUNNING:
            return
        if self._state.outlook.listening and not self._has_interrupted:
            self._has_interrupted = True
            self._listener.interrupt()
        if mode is Mode.CLOSING and self._end_at == math.inf:
            self._end_at = self._clock() + ENDING
            self._retry_at = 0.0

    def _is_at_rest(self) -> bool:
        """Return whether nothing is left to send, and nothing can come that would be."""
        # In this order, which is the way of a claim.
        outlook = self._state.outlook
        return (
            not (outlook.listening or outlook.owes_look)
            and not self._calls
            and self._state.in_flight.holds_nothing
            and not self._outbox.unsent
        )

    def _is_finished(self) -> bool:
        """Return whether a worker that ends by itself has nothing left to do."""
        if not self._is_at_rest():
            return False
        mode = self._state.mode.current
        if mode is Mode.RETIRING or self._state.room.is_used_up:
            return True
        return mode is Mode.DRAINING and self._reasons.is_drained

    def _is_over(self) -> bool:
        closing = self._state.mode.current is Mode.CLOSING
        return closing and (self._is_at_rest() or self._clock() >= self._end_at)

    # --- the calls ---------------------------------------------------------------------------

    def _send(self) -> None:
        """Send a call with what there is to settle, and room for what there may be to run."""
        reasons = self._reasons
        draining = self._state.mode.current is Mode.DRAINING
        if reasons.room:
            self._queues.refresh(at_once=draining)
        self._state.outlook.forget_due()  # first: what the listener notes from here on counts
        at_once = self._state.room.free()
        limit = reasons.promise()
        take = self._queues.take(limit, at_once, wakes_others=not self._state.outlook.empty)
        batch = self._outbox.take()
        try:
            pending = self._session.exchange(batch.settlements, take)
        except BaseException as error:
            self._state.room.release(limit)
            self._give_up(batch, error)
            raise
        is_look = draining and limit > 0 and not self._calls
        self._calls.append(Call(batch, limit, at_once, is_look, pending))

    def _receive(self) -> None:
        """Wait for the reply to the oldest call, and hand over what it brings."""
        call = self._calls.popleft()
        try:
            reply = call.pending.result()
        except BaseException as error:
            if not self._give_up(call.batch, error):
                raise
        else:
            self._outbox.answered(call.batch)
            self._intake.accept(reply, call.limit)
            self._intake.settled(call.batch.settlements)
            self._note(call, reply)
        finally:
            self._state.room.release(call.limit)
        if self._state.outlook.empty:
            self._state.changes.notify()  # the listener may begin

    def _note(self, call: Call, reply: Reply) -> None:
        """Note that a call was answered."""
        self._outage.over()
        ended = sum(one.state is not State.QUEUED for one in call.batch.settlements)
        self._reasons.prefetch.finished(ended)
        is_empty = self._state.outlook.empty and not call.may_leave_rates(len(reply.claims))
        self._reasons.note_look(found_empty=call.is_look and is_empty)

    def _give_up(self, batch: Batch, error: BaseException) -> bool:
        """Keep the settlements of a call that failed.

        Returns:
            Whether the next call goes without them, to see whether they are why it failed.
        """
        self._state.outlook.doubt()
        self._state.lease.ask_for_beat()  # a heartbeat gives back what the call may have claimed
        return self._outbox.failed(batch, error)

    def _back_off(self, error: BrokerError) -> None:
        """Send nothing for a while, in which all threads run what is here."""
        self._state.executors.wake_all()
        self._retry_at = self._clock() + self._outage.failed(error)
