"""What a process knows that probes ask for."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod

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
    def answer_scrape(self, client: socket.socket) -> None:
        """See to it that somebody sends the metrics to a client and closes its connection."""


class WorkerAnswers(Answers):
    """Answers for the workers of one process.

    Args:
        workers: the probes ask for.
        scrapes: sends the metrics.
    """

    def __init__(self, workers: WorkerGroup, scrapes: Scrapes) -> None:
        self._workers = workers
        self._scrapes = scrapes

    def liveness_problem(self) -> str:
        if self._workers.failed:
            return "A part of this worker failed."
        idle = self._workers.idle_for
        return f"This worker has made no progress for {idle:.0f} s." if idle >= STALLED else ""

    def readiness_problem(self) -> str:
        return self._workers.hindrance or self.liveness_problem()

    def answer_scrape(self, client: socket.socket) -> None:
        self._scrapes.answer(client)
