"""One worker's conversation with the broker in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django_jobs.brokers.base import Session
from django_jobs.brokers.messages import HeartbeatReply, HeartbeatReport, Reply, Take
from django_jobs.jobs.records import Settlement
from django_jobs.waits import capped

from .parts import Parts


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that has its reply already."""

    reply: Reply

    def result(self) -> Reply:
        return self.reply


class MemorySession(Session):
    """Calls the broker's parts under its lock. No reply can be lost, so it needs no tags.

    Args:
        worker_id: unique for each session.
        parts: of the broker.
    """

    def __init__(self, worker_id: str, parts: Parts) -> None:
        self._worker_id = worker_id
        self._parts = parts
        self._is_closed = False

    def exchange(self, settlements: Sequence[Settlement], take: Take) -> Answered:
        with self._parts.lock:
            return Answered(self._exchange(settlements, take))

    def listen(self, take: Take, seconds: float) -> Reply:
        with self._parts.lock:
            self._parts.markers.wait(set(take.queues), self._worker_id, capped(seconds))
            return self._exchange((), take)

    def _exchange(self, settlements: Sequence[Settlement], take: Take) -> Reply:
        parts = self._parts
        worker = parts.leases.workers.get(self._worker_id)
        return parts.transitions.exchange(self._worker_id, worker, settlements, take, parts.now())

    def abandon(self, settlement: Settlement) -> None:
        with self._parts.lock:
            if worker := self._parts.leases.workers.get(self._worker_id):
                worker.abandoned.add((settlement.job_id, settlement.token))

    def interrupt(self) -> None:
        with self._parts.lock:
            self._parts.markers.interrupt(self._worker_id)

    def heartbeat(self, report: HeartbeatReport) -> HeartbeatReply:
        parts = self._parts
        with parts.lock:
            if self._is_closed:
                return HeartbeatReply()
            now = parts.now()
            lost = parts.leases.renew(self._worker_id, report.info, now)
            parts.inspection.add_totals(report.succeeded, report.failed)
            parts.inspection.metrics.count(report.samples)
            parts.leases.note(self._worker_id, report)
            recovered, dead = parts.leases.take_back(now)
            parts.store.give_freed(now)
            parts.store.sweep(now)
            parts.store.tidy_queues(parts.markers.queues, now)
            worker = parts.leases.workers[self._worker_id]
            cancelled = parts.cancellations.of(worker, now)
            parts.store.sweep_limits(now)
            parts.store.memberships.sweep(now)
            parts.store.nodes.follow(now)
            return HeartbeatReply(
                lost=lost,
                command=worker.take_command(),
                recovered=recovered,
                dead=dead,
                cancelled=cancelled,
            )

    def close(self) -> None:
        with self._parts.lock:
            self._is_closed = True
            self._parts.markers.forget(self._worker_id)
            held = self._parts.leases.forget(self._worker_id)
            self._parts.transitions.give_back(held, self._parts.now())
            self._parts.store.give_freed(self._parts.now())
