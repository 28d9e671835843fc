"""The loop that keeps a worker's lease, and takes back the jobs of workers that vanished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connections

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import Order, Pulse, Report, WorkerInfo
from django_jobs.clock import uptime
from django_jobs.errors import BrokerError
from django_jobs.signals import job_recovered
from django_jobs.waits import wait_out
from django_jobs.worker.run.announcements import send
from django_jobs.worker.run.buried import write_buried

from .backoff import Outage

logger = logging.getLogger("django_jobs")

BEATS = 4
"""Heartbeats in one lease: jobs of a dead worker are back within a lease and a beat."""


class Heartbeat:
    """Tells the broker that the worker lives.

    Args:
        broker: whom to tell.
        sender: the backend's class, which sends the signals.
        describe: returns what the worker says of itself, and reports.
        on_order: told what an operator asks of the worker.
        on_lost: called when the worker's jobs were given to others.
        on_regained: called when the lease holds again after it had run out.
    """

    def __init__(
        self,
        broker: Broker,
        sender: type,
        describe: Callable[[], tuple[WorkerInfo, Report]],
        on_order: Callable[[Order], None],
        on_lost: Callable[[], None],
        on_regained: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._sender = sender
        self._describe = describe
        self._on_order = on_order
        self._on_lost = on_lost
        self._on_regained = on_regained
        self._outage = Outage("send heartbeats")
        self._stopped = threading.Event()
        self._lease_until = 0.0
        self._calls = 1
        self._unanswered: tuple[WorkerInfo, Report] | None = None

    def holds(self) -> bool:
        """Tell whether the lease surely holds, by this process's own clock."""
        return uptime() < self._lease_until

    def beat(self) -> None:
        """Send one heartbeat: the last one again, if it had no answer.

        Raises:
            BrokerError: the broker does not answer.
        """
        sent_at = uptime()
        info, report = self._unanswered = self._unanswered or self._describe()
        pulse = self._broker.heartbeat(info, self._calls, report)
        self._unanswered = None
        self._calls += 1
        regained = not self.holds()
        self._lease_until = sent_at + self._broker.lease
        self._handle(pulse)
        if regained:
            self._on_regained()

    def run(self) -> None:
        """Send heartbeats until stopped."""
        pause = self._broker.lease / BEATS
        while not wait_out(self._stopped.wait, pause):
            try:
                self.beat()
                self._outage.over()
                pause = self._broker.lease / BEATS
            except BrokerError as error:
                pause = self._outage.failed(error)

    def stop(self) -> None:
        self._stopped.set()

    def _handle(self, pulse: Pulse) -> None:
        if pulse.recovered or pulse.buried:
            logger.warning(
                "A worker vanished: %d of its jobs are back in their queues, and %d are dead, as"
                " they have taken down too many workers.",
                len(pulse.recovered),
                len(pulse.buried),
            )
            # In a thread of its own, as a slow receiver must not cost the lease.
            threading.Thread(
                target=self._tell, args=(pulse,), name="django-jobs-recovered", daemon=True
            ).start()
        if pulse.lost:
            logger.error(
                "This worker was silent for longer than its lease of %g s, and its jobs were given"
                " to others.",
                self._broker.lease,
            )
            self._on_lost()
        if pulse.order:
            self._on_order(pulse.order)

    def _tell(self, pulse: Pulse) -> None:
        try:
            if pulse.buried:
                write_buried(self._broker.inspection, pulse.buried)
            news = {"recovered": pulse.recovered, "buried": pulse.buried}
            send((job_recovered, {"sender": self._sender, **news}))
        finally:
            connections.close_all()
