"""What the parent of several worker processes says to probes."""

from __future__ import annotations

import socket
from contextlib import suppress
from http import HTTPStatus

from django_jobs.worker.probe.answers import Answers
from django_jobs.worker.probe.messages import plain, send

from .channel import Stage
from .child import Child
from .crew import Crew


class CrewAnswers(Answers):
    """Answers for all worker processes of a parent.

    Args:
        crew: the processes.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def liveness_problem(self) -> str:
        hanging = [child.pid for child in self._crew.children if not child.is_in_time]
        return f"Worker process {hanging[0]} hangs." if hanging else ""

    def readiness_problem(self) -> str:
        if self._crew.is_stopping:
            return "The worker processes are stopping."
        taking, wanted = len(self._taking), self._crew.wanted
        if taking < wanted:
            return f"{taking} of {wanted} worker processes take jobs."
        return self.liveness_problem()

    def answer_scrape(self, client: socket.socket) -> None:
        """Hand the connection over to a worker: a parent has no connection to the broker."""
        with client:
            for child in self._taking:
                with suppress(OSError):  # it has ended, or has not read for long
                    child.channel.hand_over(client)
                    return
            send(client, plain(HTTPStatus.SERVICE_UNAVAILABLE, "No worker process takes jobs."))

    @property
    def _taking(self) -> list[Child]:
        """The processes that take jobs."""
        return [
            child
            for child in self._crew.active
            if child.takes_jobs and child.stage is not Stage.STOPPING
        ]
