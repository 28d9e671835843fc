"""What a process knows that probes ask for."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable

from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.supervision import STALLED

from .scrapes import Scrapes


class Answers(ABC):
    """Answers probes for one process. No method blocks."""

    @abstractmethod
    def liveness_problem(self) -> str:
        """Return why the process should be restarted, in one sentence; "" if it is well."""

    @abstractmethod
    def readiness_problem(self) -> str:
        """Return why no jobs are taken at the moment, in one sentence; "" if they are."""

    @abstractmethod
    def hand_over_scrape(self, client: socket.socket) -> bool:
        """Let somebody else send the metrics to a client and close its connection.

        Returns:
            Whether somebody does; if not, the connection is still the caller's.
        """


class WorkerAnswers(Answers):
    """Answers for the workers of one process.

    Args:
        workers: the probes ask for.
        render: returns all metrics as text; it may block.
    """

    def __init__(self, workers: WorkerGroup, render: Callable[[], str]) -> None:
        self._workers = workers
        self._scrapes = Scrapes(render)

    def liveness_problem(self) -> str:
        if self._workers.failed:
            return "A part of this worker failed."
        idle = self._workers.idle_for
        return f"This worker has made no progress for {idle:.0f} s." if idle >= STALLED else ""

    def readiness_problem(self) -> str:
        if not self._workers.takes_jobs:
            return "This worker is quiet or stopping."
        if not self._workers.holds_lease:
            return "The broker has not answered a heartbeat for longer than the lease."
        return self.liveness_problem()

    def hand_over_scrape(self, client: socket.socket) -> bool:
        return self._scrapes.take(client)
