"""The contract between the places where jobs wait and everybody who uses them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.jobs.records import Job, Settlement, Tick

from .doctor import Doctor
from .messages import (
    NOTHING,
    Answer,
    Call,
    Lane,
    Patience,
    Pulse,
    Report,
    Reservation,
    WorkerInfo,
)


class Broker(ABC):
    """Where jobs wait. Every method is atomic and may be called from any thread.

    All times that decide something are the broker's own clock's.
    """

    persistent: ClassVar[bool]
    """Whether jobs outlive this process."""

    lease: float
    """Seconds after its last heartbeat at which a worker loses its jobs."""

    inspection: Inspection
    """The read side, with the repairs that operators make; never on a job's way."""

    doctor: Doctor
    """Finds inconsistencies in the store, and repairs them."""

    # --- hot path ----------------------------------------------------------------------------

    @abstractmethod
    def push(self, jobs: Sequence[Job]) -> None:
        """Store jobs as scheduled (a `run_at` in the future) or queued: all of them or none.

        A store that is apart takes them in portions of a thousand jobs or 8 megabytes of arguments,
        each all or none.

        A job whose id is known already is left as it is. A late copy of a call, which was sent
        again after a lost reply, changes nothing, also when its jobs are forgotten by then.

        Raises:
            QueueFull: the bounded queue had no room for a stated time.
            BrokerUnavailable, BrokerRefused: nothing was stored, as far as can be known.
        """

    @abstractmethod
    def send(self, worker: str, call: Call, patience: Patience | None = None) -> Answer:
        """Settle what is finished, then claim up to `limit` jobs for a worker.

        What is returned waits for the answer, once. If it fails, the call is to be sent again.

        With patience it first waits as `wait` does, until one of the queues may have jobs: a worker
        that has nothing to do gets a job with the wake-up.

        First each settlement whose job is still claimed by this worker with this token takes
        effect; others are refused. Then jobs that are due become queued. Then jobs are claimed:
        at most `quota` from each share in the order given, what is missing to `limit` in a
        second round without quotas. In a queue the higher priority goes first, then who came
        first; what was due at a time came then. Paused queues give nothing. Queues of the shares
        that still hold jobs wake another waiting worker.

        Of jobs that are one crash from being dead, a worker gets one at a time, so that the one
        which crashes it is known.

        Sending the same call again (after a lost reply) does nothing anew and returns the same
        reservation, less the claims lost since. A call that comes after its successor on the lane
        changes nothing. As both may have waited for what they do not take, they
        wake another waiting worker for each queue of the shares.

        Args:
            worker: id of the worker, without commas. Its first call begins its lease; only
                heartbeats renew it.
            call: what is settled and wanted.
            patience: whether to wait first; a call that is sent again need not.
        """

    def reserve(self, worker: str, call: Call, patience: Patience | None = None) -> Reservation:
        """Do what `send` does, and wait for the answer."""
        return self.send(worker, call, patience)()

    def settle(self, worker: str, number: int, settlements: Sequence[Settlement]) -> Reservation:
        """Settle without claiming anything, on a lane of its own."""
        return self.reserve(worker, Call(number, (), 0, settlements, Lane.APART))

    @abstractmethod
    def wait(self, queues: Collection[str], timeout: float, worker: str = "") -> None:
        """Block until one of the queues may have jobs, or for at most `timeout` seconds.

        A push wakes one waiting worker, not all. Who was woken must call `reserve`, even if only
        with limit 0, which passes the wake-up on. An empty collection waits for every queue.

        Args:
            queues: names of queues.
            timeout: seconds.
            worker: id of the worker, for `rouse`.
        """

    @abstractmethod
    def rouse(self, worker: str) -> None:
        """End the wait of a worker that stops, the one that it is in or else its next one."""

    # --- time --------------------------------------------------------------------------------

    @abstractmethod
    def heartbeat(self, info: WorkerInfo, call: int, report: Report = NOTHING) -> Pulse:
        """Renew the lease of a worker, and take back the jobs of those whose lease ran out.

        A job taken back goes to its old place in its queue, before all that came later; its
        attempt counts. The third time in its life that this happens to a job it is dead, with a
        `WorkerLost` failure. A worker that is late, but was not missed yet, keeps its jobs.

        A worker that is late itself can't tell whether the others vanished or nobody could send
        heartbeats for a while. So it takes nothing back, and those whose lease is over get one
        more, once, before they are missed.

        Calling again with the same `call` (after a lost reply) only renews the lease, and returns
        the same pulse: what it reports is counted once. Numbers grow from 1; a heartbeat that
        comes after its successor changes nothing.

        Args:
            info: what the worker says of itself.
            call: number of this heartbeat, one more than the worker's last one.
            report: what it counted since the last one, which counts for the present by the
                broker's clock, and how far its jobs are, which holds for claims that it holds.
        """

    @abstractmethod
    def leave(self, worker: str) -> None:
        """Forget a worker that stops; jobs it still holds go to their old places, at no cost."""

    @abstractmethod
    def now(self) -> int:
        """Return the broker's own clock in Unix milliseconds."""

    @abstractmethod
    def ticks(self) -> Mapping[str, int]:
        """Return the last claimed tick of each periodic task by name, in Unix milliseconds.

        A stored tick that is more than `TICK_AHEAD_MS` ahead of the broker's clock is left out: a
        clock was wrong when it was claimed, and nothing would be due until then.
        """

    @abstractmethod
    def claim_ticks(self, ticks: Sequence[Tick]) -> tuple[bool, ...]:
        """Claim ticks of periodic tasks, each for itself, and push their jobs in the same step.

        While a periodic task is switched off, its ticks are claimed and no job is pushed: what was
        missed meanwhile is not made up later.

        Returns:
            For each whether it was claimed: False, with nothing changed, if another worker was
            first, or if the tick is more than `TICK_AHEAD_MS` ahead of the broker's clock.
        """

    # --- care --------------------------------------------------------------------------------

    @abstractmethod
    def problems(self) -> tuple[Problem, ...]:
        """Return what endangers jobs in the store's configuration.

        Raises:
            BrokerUnavailable: it cannot be reached.
        """

    @abstractmethod
    def store(self) -> StoreInfo:
        """Return what the jobs are kept in.

        Raises:
            BrokerUnavailable: it cannot be reached.
        """

    @abstractmethod
    def close(self) -> None:
        """Release connections; the broker opens them anew when it is used again."""
