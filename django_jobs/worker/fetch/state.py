"""What the exchange loop and the listener loop share."""

from __future__ import annotations

from dataclasses import dataclass

from django_jobs.worker.run.executors import Executors

from .changes import Changes
from .in_flight import InFlight
from .lease import Lease
from .mode import ModeSwitch
from .outlook import Outlook
from .room import Room


@dataclass(frozen=True, slots=True)
class FetchState:
    """The state of a worker's fetching; each part is safe to use from all threads.

    Attributes:
        changes: what both loops wait on.
        mode: whether the worker takes jobs, and when it is finished.
        lease: whether the broker surely knows the worker.
        in_flight: what the worker holds, and what it has not reported.
        room: how many jobs it can take.
        outlook: what the replies say about the queues.
        executors: run the jobs.
    """

    changes: Changes
    mode: ModeSwitch
    lease: Lease
    in_flight: InFlight
    room: Room
    outlook: Outlook
    executors: Executors

    @property
    def may_take(self) -> bool:
        """Whether the worker may take and start jobs."""
        return self.mode.takes_jobs and self.lease.holds()
