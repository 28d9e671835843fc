"""The loop that keeps a worker's lease and takes back the jobs of workers that vanished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from django.db import connections

from django_jobs.brokers.base import Session
from django_jobs.brokers.constants import BEATS
from django_jobs.brokers.messages import HeartbeatReply, HeartbeatReport, WorkerCommand
from django_jobs.clock import uptime
from django_jobs.errors import BrokerError
from django_jobs.signals import job_recovered
from django_jobs.worker.backoff import BrokerBackoff
from django_jobs.worker.fetch.intake import Intake
from django_jobs.worker.fetch.mode import Lease
from django_jobs.worker.run.announcements import send
from django_jobs.worker.run.dead_jobs import DeadJobs

from .self_report import SelfReport

logger = logging.getLogger("django_jobs")

MAX_NAMED = 10


class Heartbeat:
    """Reports to the broker that the worker lives. Only this loop begins and renews the lease.

    Args:
        session: with the broker.
        dead_jobs: reports jobs that died with a worker.
        sender: the backend's class, which sends the signals.
        lease: renewed by each answer.
        intake: gives back what waits here, once the worker's jobs were given to others.
        report: says what the worker does.
        on_command: receives what an operator asks of the worker.
    """

    def __init__(
        self,
        session: Session,
        dead_jobs: DeadJobs,
        sender: type,
        lease: Lease,
        intake: Intake,
        report: SelfReport,
        on_command: Callable[[WorkerCommand], None],
    ) -> None:
        self._session = session
        self._dead_jobs = dead_jobs
        self._sender = sender
        self._lease = lease
        self._intake = intake
        self._report = report
        self._on_command = on_command
        self._outage = BrokerBackoff("send heartbeats")
        self._stopped = False
        self._unanswered: HeartbeatReport | None = None

    def beat(self) -> None:
        """Send one heartbeat, with the last report again if it had no answer.

        Raises:
            BrokerError: the broker does not answer.
        """
        sent_at = uptime()
        self._unanswered = self._unanswered or self._report.make()
        reply = self._session.heartbeat(self._unanswered)
        self._unanswered = None
        if reply.lost:
            self._drop_backlog()
        self._lease.renew(sent_at)
        self._report_vanished(reply)
        self._intake.cancel(reply.cancelled)
        if reply.command:
            self._on_command(reply.command)

    def run(self) -> None:
        """Send heartbeats until stopped: at regular times, and whenever somebody asks for one.

        When it is stopped it sends a last one, with what was counted since the one before.
        """
        pause = self._lease.seconds / BEATS if self._lease.holds() else 0.0
        is_last = False
        while not is_last:
            self._lease.wait_for_beat(pause)
            is_last = self._stopped
            try:
                self.beat()
                self._outage.over()
                pause = self._lease.seconds / BEATS
            except BrokerError as error:
                if not is_last:
                    pause = self._outage.failed(error)
                    continue
                logger.warning("The counts since the last heartbeat are lost: %s", error)

    def stop(self) -> None:
        """End `run` after a last heartbeat."""
        self._stopped = True
        self._lease.ask_for_beat()

    def _drop_backlog(self) -> None:
        """Drop the backlog: other workers have it, and the broker refuses what is not ours."""
        logger.error(
            "This worker was silent for longer than its lease of %g s, and its jobs were given"
            " to others.",
            self._lease.seconds,
        )
        self._intake.give_back_backlog()

    def _report_vanished(self, reply: HeartbeatReply) -> None:
        if not (reply.recovered or reply.dead):
            return
        logger.warning(
            "A worker vanished, or could not report how its jobs ended. Back in their queues: %s."
            " Dead, as it was the third time: %s.",
            _counted(reply.recovered),
            _counted(reply.dead),
        )
        self._lease.ask_for_beat()  # one heartbeat takes back so many; there may be more
        # In a thread of its own, as a slow receiver must not cost the lease.
        threading.Thread(
            target=self._tell_receivers, args=(reply,), name="django-jobs-recovered", daemon=True
        ).start()

    def _tell_receivers(self, reply: HeartbeatReply) -> None:
        try:
            if reply.dead:
                self._dead_jobs.report(reply.dead)
            vanished = {"recovered": reply.recovered, "dead": reply.dead}
            send((job_recovered, {"sender": self._sender, **vanished}))
        finally:
            connections.close_all()


def _counted(ids: Sequence[str]) -> str:
    """Return how many jobs these are, with the first ids."""
    more = ", …" if len(ids) > MAX_NAMED else ""
    return f"{len(ids)} ({', '.join(ids[:MAX_NAMED])}{more})" if ids else "none"
