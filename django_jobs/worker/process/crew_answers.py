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
        working, wanted = self._working, self._crew.wanted
        hindrances = [child.hindrance for child in working if child.hindrance]
        able = len(working) - len(hindrances)
        if able < wanted:
            reason = hindrances[0] if hindrances else "The others have not started."
            return f"{able} of {wanted} worker processes are ready. {reason}"
        return self.liveness_problem()

    def answer_scrape(self, client: socket.socket) -> None:
        """Hand the connection over to a worker: a parent has no connection to the broker."""
        with client:
            for child in self._working:
                with suppress(OSError):  # it has ended, or has not read for long
                    child.channel.hand_over(client)
                    return
            send(client, plain(HTTPStatus.SERVICE_UNAVAILABLE, "No worker process works."))

    @property
    def _working(self) -> list[Child]:
        """The processes that have started, and are not stopping."""
        return [
            child
            for child in self._crew.active
            if child.serves_since and child.stage is not Stage.STOPPING
        ]
