"""The two loops of a worker, put together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django_jobs.brokers.base import Session
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.waits import capped
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.run.dead_jobs import DeadJobs
from django_jobs.worker.run.undecided import Undecided
from django_jobs.worker.run.unknown import UnknownJobs
from django_jobs.worker.supervision import supervised

from .exchange import ENDING, ExchangeLoop
from .intake import Intake
from .listener import Listener
from .outbox import Outbox, Undelivered
from .queues import ServedQueues
from .state import FetchState

LISTENER_TIMEOUT = 1.0
"""Seconds in which an interrupted listen ends. Then its connection is cut."""


class Fetching:
    """Brings jobs in, and reports how they ended, in two threads.

    Args:
        session: with the broker.
        inspection: of the broker.
        worker_id: of the worker.
        options: what it serves.
        state: what the loops share.
        dead_jobs: reports jobs that died before they could be claimed.
        unknown: reports jobs that wait for a later release.
        undecided: announces attempts of which the broker decides what follows, if there are any.
        finished: set when a worker that ends by itself has nothing left to do.
        on_fatal: called when a loop cannot go on.
    """

    def __init__(
        self,
        session: Session,
        inspection: Inspection,
        worker_id: str,
        options: WorkerOptions,
        state: FetchState,
        dead_jobs: DeadJobs,
        unknown: UnknownJobs,
        undecided: Undecided | None,
        finished: threading.Event,
        on_fatal: Callable[[], None],
    ) -> None:
        queues = ServedQueues(options.queues, strict=options.strict, inspection=inspection)
        outbox = Outbox(state.in_flight, Undelivered(session, inspection, worker_id, undecided))
        self._session = session
        self._state = state
        self.intake = Intake(state, dead_jobs, unknown, undecided)
        self._listener = Listener(session, queues, state, self.intake)
        self._exchange = ExchangeLoop(
            session, queues, state, self.intake, outbox, self._listener, finished
        )
        self._listening = supervised("listener", self._listener.run, on_fatal)
        self._exchanging = supervised("exchange", self._exchange.run, on_fatal)

    @property
    def idle_for(self) -> float:
        """Seconds since the last step of the loop that has been still for longer."""
        steps = (self._exchange.progress_at, self._listener.progress_at)
        return time.monotonic() - min(steps)

    @property
    def is_listening(self) -> bool:
        """Whether the worker has nothing to do but to wait for jobs at the broker."""
        return self._state.outlook.listening

    def start(self) -> None:
        """Start both loops."""
        self._exchanging.start()
        self._listening.start()

    def close(self) -> None:
        """End both loops, with everything sent if that is soon done."""
        self._state.mode.close()  # on which the exchange loop interrupts the listener
        if self._listening.is_alive():
            self._listening.join(LISTENER_TIMEOUT)
            if self._listening.is_alive():
                self._session.disconnect()
        if self._exchanging.is_alive():
            self._exchanging.join(capped(ENDING + LISTENER_TIMEOUT))
        self.intake.close()
