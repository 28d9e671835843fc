"""Workers as the broker in memory knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from django_jobs.brokers.messages import Order, Pulse, Reservation, WorkerInfo

from .entry import Entry


@dataclass(slots=True)
class Holder:
    """A worker as the broker knows it, with the jobs that it holds."""

    lease_until: int
    info: WorkerInfo | None = None
    held: dict[str, Entry] = field(default_factory=dict)
    order: Order | None = None
    doubted: bool = False
    """Its lease ran out when nobody could tell why, and it got another one."""
    passed_over: dict[str, int] = field(default_factory=dict)
    """How many jobs of each queue the last call left alone, as they must not share a worker."""

    def entry(self, job_id: str, token: int) -> Entry | None:
        """Return a job that the worker holds under a token."""
        entry = self.held.get(job_id)
        return entry if entry and entry.token == token else None

    def must_leave_alone(self, entry: Entry) -> bool:
        """Tell whether the worker already holds a job that is one crash from being dead, as this.

        Two of them never share a worker, so that the one which crashes it is known, and the jobs
        that were only beside it live.
        """
        return entry.is_suspect and any(held.is_suspect for held in self.held.values())


class Reply(NamedTuple):
    """The answer to a worker's last call, in case it asks again."""

    number: int
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a worker's last heartbeat, in case it sends it again."""

    call: int
    pulse: Pulse
