"""The contract between the places where jobs wait and everybody who uses them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from django_jobs.brokers.batches import Batches
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.jobs.records import Job, Settlement
from django_jobs.jobs.ticks import Tick

from .doctor import Doctor
from .messages import HeartbeatReply, HeartbeatReport, PendingReply, Reply, Take


class Session(ABC):
    """One worker's conversation with a broker. Safe to use from all threads of that worker.

    It starts no thread and calls nothing back. Each of its calls is atomic at the broker. Jobs
    that a lost reply had claimed are given back by the next heartbeat, at no cost.
    """

    @abstractmethod
    def exchange(self, settlements: Sequence[Settlement], take: Take) -> PendingReply:
        """Settle finished attempts, then claim jobs; never blocks for jobs.

        First each settlement whose job is still claimed by this worker under its token and tag
        takes effect; others are refused. Then jobs that are due become queued. Then jobs are
        claimed. In a queue the higher priority goes first, then the earlier arrival; jobs that
        were due arrived at their due time. Paused queues give nothing. Queues in `take.quotas`
        that still hold jobs wake another listening worker.

        A worker gets only one job at a time that is one crash from being dead, so that the one
        which crashes it is known.

        The call is sent at once. Up to two calls may be pending, and their results are read in the
        order in which they were sent. An error shows when `result()` is called.
        """

    @abstractmethod
    def listen(self, take: Take, seconds: float) -> Reply:
        """Block until one of `take.queues` may have jobs, then claim.

        A push wakes one listening worker, not all. A listen that claims nothing of what it was
        woken for wakes another one.

        Args:
            take: what to claim, and which queues to block on.
            seconds: to block at most.

        Raises:
            BrokerError: the call failed, or its reply was lost.
        """

    @abstractmethod
    def abandon(self, settlement: Settlement) -> None:
        """Give up on a settlement that the broker keeps refusing. Nothing is sent yet.

        The next heartbeat takes the job back as if its worker had vanished: its attempt counts, and
        the third time it is dead. So a job whose end cannot be stored does not run forever.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """End a listen: the present one, or else the next one."""

    def disconnect(self) -> None:  # noqa: B027  # not every session has a connection
        """Cut the connection of a blocked listen, where `interrupt` cannot reach the broker."""

    @abstractmethod
    def heartbeat(self, report: HeartbeatReport) -> HeartbeatReply:
        """Begin or renew the worker's lease, and take back the jobs of workers that vanished.

        Only a heartbeat begins a lease, and a worker without a lease claims nothing.

        A job taken back goes to its old place in its queue, before all that came later; its
        attempt counts. The third time in its life that this happens to a job it is dead, with a
        `WorkerLost` failure. A worker that is late, but was not missed yet, keeps its jobs.

        A worker that is late itself cannot tell whether the others vanished or nobody could send
        heartbeats for a while. So it takes nothing back, and those whose lease is over get one
        more, once, before they are missed.

        A heartbeat that raised must be sent again with the same report until it is answered, so
        that its counts are added once. Only one heartbeat may be under way at a time.

        Args:
            report: what the worker says about itself and counted since the last heartbeat, which
                counts for the present by the broker's clock. Progress and metadata hold for the
                claims that the worker holds.

        Raises:
            BrokerError: it was not answered.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back every claim at no cost, and forget the worker.

        The id is used up: no later call of this worker claims anything.

        Raises:
            BrokerError: the broker did not answer; the jobs come back when the lease is over.
        """


class Broker(ABC):
    """Where jobs wait. Every method is atomic and may be called from any thread.

    All times that decide something are the broker's own clock's.
    """

    persistent: ClassVar[bool]
    """Whether jobs outlive this process."""

    place: str
    """Where it keeps jobs, without secrets; for messages."""

    lease: float
    """Seconds after its last heartbeat at which a worker loses its jobs."""

    inspection: Inspection
    """The read side, with what operators do to jobs; never on a job's way."""

    batches: Batches
    """Jobs whose ends are counted together."""

    doctor: Doctor
    """Finds inconsistencies in the store, and repairs them."""

    @abstractmethod
    def push(self, jobs: Sequence[Job]) -> list[str]:
        """Store jobs as scheduled (a `run_at` in the future) or queued: all of them or none.

        A remote store takes them in portions of 300 jobs, or 75 unique ones, or 8 megabytes of
        arguments, each all or none.

        A job whose id is known already is left as it is. A late copy of a call, which was sent
        again after a lost reply, changes nothing, even if its jobs are forgotten by then.

        A unique job whose lock another job holds is not stored, but merged with that one as its
        lock says.

        Returns:
            For each job its id, or that of the job with which it was merged.

        Raises:
            DuplicateJob: another job holds the lock of one that must not be merged. Nothing of the
                batch with it is stored.
            QueueFull: the bounded queue had no room for a stated time.
            BrokerUnavailable, BrokerRefused: nothing was stored, as far as can be known.
        """

    @abstractmethod
    def session(self, worker_id: str) -> Session:
        """Open a worker's conversation with this broker. Nothing is sent yet.

        Args:
            worker_id: unique for each session, without commas.
        """

    # --- time --------------------------------------------------------------------------------

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

        While a periodic task is switched off, its ticks are claimed and no job is pushed, so that
        missed ticks are not made up later. A tick is claimed as well if its job is merged with
        another one that holds its lock; nothing is raised then.

        Returns:
            For each whether it was claimed: False, with nothing changed, if another worker was
            first, or if the tick is more than `TICK_AHEAD_MS` ahead of the broker's clock.
        """

    # --- the store -----------------------------------------------------------------------------

    @abstractmethod
    def config_warnings(self) -> tuple[Problem, ...]:
        """Return what endangers jobs in the store's configuration.

        Raises:
            BrokerUnavailable: it cannot be reached.
        """

    @abstractmethod
    def store_info(self) -> StoreInfo:
        """Return what the jobs are kept in.

        Raises:
            BrokerUnavailable: it cannot be reached.
        """

    @abstractmethod
    def close(self) -> None:
        """Release connections; the broker opens new ones when it is used again."""
