"""The loop that waits at the broker for new jobs while the queues are empty."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django_jobs.brokers.base import Session
from django_jobs.brokers.messages import Reply
from django_jobs.errors import BrokerError
from django_jobs.waits import LONGEST, capped
from django_jobs.worker.backoff import BrokerBackoff

from .intake import Intake
from .mode import Mode
from .queues import ServedQueues
from .state import FetchState

logger = logging.getLogger("django_jobs")

STUTTER = 0.1
"""Seconds to pause after two listens in a row that ended sooner than this without a job.

They were woken for a job that this worker may not take now, and the next one would be, too.
"""

HAND_OVER = 0.0001
"""Seconds to pause after a listen that brought jobs.

The thread that wakes for a job needs the interpreter, which this one would keep until it sends its
next call: a job of an idle worker starts 0.15 ms sooner.
"""


class Listener:
    """Blocks in `session.listen`, and hands the claims to the executors itself.

    It listens only while the queues are empty and there are free threads, and never again once the
    worker's mode is not RUNNING.

    Args:
        session: with the broker.
        queues: what the worker serves.
        state: what the loops share.
        intake: takes the claims.

    Attributes:
        progress_at: when it made its last step, in seconds of the clock.
    """

    def __init__(
        self,
        session: Session,
        queues: ServedQueues,
        state: FetchState,
        intake: Intake,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._queues = queues
        self._state = state
        self._intake = intake
        self._clock = clock
        # The exchange loop looks at the queues after the first failure, and reports an outage.
        self._outage = BrokerBackoff("listen for jobs", unreported=1)
        self._pause_until = 0.0
        self._in_vain = 0
        self.progress_at = clock()

    def run(self) -> None:
        """Listen until the worker closes."""
        state = self._state
        while state.mode.current is not Mode.CLOSING:
            seen = state.changes.count
            if pause := self.step():
                state.changes.wait(seen, capped(pause))

    def step(self) -> float:
        """Listen once, if it is time to.

        Returns:
            Seconds until the next step, unless something changes before.
        """
        self.progress_at = self._clock()
        pause = self._pause_until - self.progress_at
        if pause > 0:
            return pause
        limit = self._begin()
        if not limit:
            return LONGEST
        try:
            self._listen(limit)
        except BrokerError as error:
            self._fail(error)
        finally:
            self._end(limit)
        return 0.0

    def interrupt(self) -> None:
        """End the present listen, or the next one if it is about to begin. Called once at most."""
        try:
            self._session.interrupt()
        except BrokerError as error:
            logger.warning(
                "Could not interrupt the listener, which ends by itself in up to %g s: %s",
                LONGEST,
                error,
            )

    def _begin(self) -> int:
        """Promise the free threads to a listen; return how many there are, or 0 to not listen."""
        state = self._state
        if not (self._may_listen() and state.room.free()):
            return 0
        state.outlook.listening = True
        # A change of the mode from now on finds a listen to interrupt.
        limit = state.room.promise() if self._may_listen() else 0
        if not limit:
            self._end(0)
        return limit

    def _may_listen(self) -> bool:
        state = self._state
        running = state.mode.current is Mode.RUNNING
        return running and state.outlook.empty and state.lease.holds()

    def _listen(self, limit: int) -> None:
        began = self._clock()
        reply = self._session.listen(self._queues.take(limit), capped())
        self._intake.accept(reply, limit)
        if reply.claims:
            time.sleep(HAND_OVER)
        self._outage.over()
        self._note_vanity(reply, began)
        if self._queues.refresh(at_once=True):
            self._state.outlook.note_new_queues()

    def _note_vanity(self, reply: Reply, began: float) -> None:
        now = self._clock()
        self._in_vain = 0 if reply.claims or now - began >= STUTTER else self._in_vain + 1
        if self._in_vain > 1:
            self._pause_until = now + STUTTER

    def _fail(self, error: BrokerError) -> None:
        state = self._state
        state.lease.ask_for_beat()
        state.outlook.doubt()
        self._pause_until = self._clock() + self._outage.failed(error)

    def _end(self, limit: int) -> None:
        state = self._state
        state.room.release(limit)
        state.outlook.listening = False
        outlook, running = state.outlook, state.mode.current is Mode.RUNNING
        if not (running and outlook.empty and outlook.due_in is None):
            state.changes.notify()  # there is something to do for the exchange loop
