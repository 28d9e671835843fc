"""A harness for a worker's two loops: a broker that does as it is told, a clock, and no threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django_jobs.brokers.base import Session
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import HeartbeatReply, HeartbeatReport, Reply, Take
from django_jobs.conf.queues import QueueWeight
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Claim, Settlement, State
from django_jobs.tasks.retry import Retry
from django_jobs.worker.fetch.exchange import ExchangeLoop
from django_jobs.worker.fetch.in_flight import InFlight
from django_jobs.worker.fetch.intake import Intake
from django_jobs.worker.fetch.listener import Listener
from django_jobs.worker.fetch.mode import Changes, Lease, Mode, ModeSwitch
from django_jobs.worker.fetch.outbox import Outbox, Undelivered
from django_jobs.worker.fetch.queues import ServedQueues
from django_jobs.worker.fetch.room import Room
from django_jobs.worker.fetch.state import FetchState, Outlook
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.run.dead_jobs import DeadJobs
from django_jobs.worker.run.executors import Executors
from django_jobs.worker.run.undecided import Undecided
from django_jobs.worker.run.unknown import UnknownJobs
from tests.support.builders import make_job, succeeded

LEASE = 20.0


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def make_claims(number: int) -> list[Claim]:
    return [
        Claim(job=make_job(), token=1, tag=0, attempt=1, queued_at=0, claimed_at=0)
        for _ in range(number)
    ]


@dataclass
class Pending:
    """A call that the session answers when its result is read, as `FakeSession.error` says."""

    session: FakeSession
    settlements: Sequence[Settlement]
    take: Take

    def result(self) -> Reply:
        return self.session.answer(self.settlements, self.take)


@dataclass
class FakeSession(Session):
    """Gives the claims that wait, and keeps what it was told.

    Attributes:
        waiting: claims that the next calls bring.
        due_in: what replies say.
        errors: raised by the next calls, one each; None lets a call pass.
        on_send: called when an exchange is sent.
        on_listen: called in the middle of a listen.
        knows_lease: whether calls are answered with claims, or with `must_beat`.
        refuses: whether a settlement makes its call fail.
        refusal: how it fails.
        exchanges: settlements and limit of each exchange that was sent.
        listens: limit of each listen.
        settled: the settlements that took effect, in their order.
        abandoned: those that the worker gave up on.
        interrupts: how often a listen was interrupted.
    """

    waiting: deque[Claim] = field(default_factory=deque)
    due_in: int | None = None
    errors: list[BaseException | None] = field(default_factory=list)
    on_send: Callable[[], object] = lambda: None
    on_listen: Callable[[], object] = lambda: None
    knows_lease: bool = True
    refuses: Callable[[Settlement], bool] = lambda _: False
    refusal: BrokerError = field(default_factory=lambda: BrokerError("The connection was closed."))
    exchanges: list[tuple[list[Settlement], int]] = field(default_factory=list)
    listens: list[int] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    abandoned: list[Settlement] = field(default_factory=list)
    interrupts: int = 0

    def exchange(self, settlements: Sequence[Settlement], take: Take) -> Pending:
        self.exchanges.append(([*settlements], take.limit))
        self.on_send()
        return Pending(self, settlements, take)

    def listen(self, take: Take, seconds: float) -> Reply:
        self.listens.append(take.limit)
        self.on_listen()
        return self.answer((), take)

    def answer(self, settlements: Sequence[Settlement], take: Take) -> Reply:
        error = self.errors.pop(0) if self.errors else None
        if error:
            raise error
        if any(map(self.refuses, settlements)):
            raise self.refusal
        self.settled += settlements
        if not self.knows_lease:
            return Reply(must_beat=True)
        number = min(take.limit, len(self.waiting))
        claims = tuple(self.waiting.popleft() for _ in range(number))
        return Reply(claims=claims, due_in=self.due_in)

    def abandon(self, settlement: Settlement) -> None:
        self.abandoned.append(settlement)

    def interrupt(self) -> None:
        self.interrupts += 1

    def heartbeat(self, report: HeartbeatReport) -> HeartbeatReply:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class FakeExecutors(Executors):
    """Threads that take and end jobs when a test says so."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.backlog: deque[Claim] = deque()
        self.hoarded = False
        self.at_work: list[Claim] = []
        self.on_submit: Callable[[], object] = lambda: None

    @property
    def free(self) -> int:
        return self.threads - len(self.at_work)

    @property
    def waiting(self) -> int:
        return len(self.backlog)

    def submit(self, claims: Sequence[Claim]) -> None:
        self.backlog.extend(claims)
        self.on_submit()

    def begin(self) -> None:
        """Let the free threads take jobs."""
        while self.free and self.backlog:
            self.at_work.append(self.backlog.popleft())

    def withdraw(self) -> list[Claim]:
        claims = [*self.backlog]
        self.backlog.clear()
        return claims

    def withdraw_hoarded(self) -> list[Claim]:
        return self.withdraw() if self.hoarded else []

    def wake_all(self) -> None:
        """Nobody sleeps here."""

    def wake_if_stalled(self) -> None:
        """Nobody sleeps here."""

    def waits(self) -> list[float]:  # type: ignore[override]
        return []


class Harness:
    """A worker of four threads that holds its lease."""

    def __init__(self, *, max_jobs: int | None = None, mode: Mode = Mode.RUNNING) -> None:
        clock = self.clock = Clock()
        self.session = FakeSession()
        self.broker = MemoryBroker()
        self.executors = FakeExecutors(4)
        self.changes = Changes()
        self.mode = ModeSwitch(self.changes, mode)
        self.lease = Lease(LEASE, self.changes, clock)
        self.in_flight = InFlight(self.changes, clock)
        self.room = Room(self.executors, max_jobs)
        self.outlook = Outlook(clock)
        self.state = FetchState(
            changes=self.changes,
            mode=self.mode,
            lease=self.lease,
            in_flight=self.in_flight,
            room=self.room,
            outlook=self.outlook,
            executors=self.executors,
        )
        context = RunContext(
            alias="default", sender=object, worker="w", retry=Retry(), max_result=1
        )
        self.dead_jobs = DeadJobs(self.broker.inspection, context)
        self.intake = Intake(self.state, self.dead_jobs, UnknownJobs("default", "w1"))
        self.undecided = Undecided(self.broker.inspection)
        self.finished = threading.Event()
        self.lease.renew(clock())
        self.serve(QueueWeight("default"))

    def serve(self, *queues: QueueWeight) -> None:
        """Make the loops, for these queues or for every queue."""
        inspection, clock = self.broker.inspection, self.clock
        served = ServedQueues(queues, strict=False, inspection=inspection, clock=clock)
        session: Session = self.session
        self.listener = Listener(session, served, self.state, self.intake, clock)
        self.outbox = Outbox(self.in_flight, Undelivered(session, inspection, "w", self.undecided))
        self.exchange = ExchangeLoop(
            *(session, served, self.state, self.intake, self.outbox, self.listener),
            self.finished,
            clock,
        )

    # --- what happens ------------------------------------------------------------------------

    def settle_down(self, steps: int = 100) -> float:
        """Let the exchange loop do all that there is to do; return its pause."""
        for _ in range(steps):
            if pause := self.exchange.step():
                return pause
        raise AssertionError("The exchange loop does not come to rest.")

    def find_empty(self) -> None:
        """Let the exchange loop see that the queues are empty."""
        self.settle_down()
        assert self.outlook.empty
        self.session.exchanges.clear()

    def push(self, number: int) -> list[Claim]:
        """Let claims wait at the broker."""
        claims = make_claims(number)
        self.session.waiting.extend(claims)
        return claims

    def run_jobs(self, number: int) -> list[Claim]:
        """Let the exchange loop bring jobs, and threads begin them."""
        claims = self.push(number)
        self.outlook.empty = False
        for _ in claims:
            self.settle_down()
            self.executors.begin()
        assert self.executors.at_work == claims
        self.session.exchanges.clear()
        return claims

    def end(self, claim: Claim, settlement: Settlement | None = None) -> None:
        """Let the attempt of a claim end."""
        self.executors.at_work.remove(claim)
        self.in_flight.settle(claim, settlement or succeeded(claim))

    @property
    def sent(self) -> list[tuple[int, int]]:
        """How many settlements each exchange carried, and how many jobs it could take."""
        return [(len(settlements), limit) for settlements, limit in self.session.exchanges]

    @property
    def settled(self) -> list[tuple[str, State]]:
        return [(one.job_id, one.state) for one in self.session.settled]

    @property
    def wants_beat(self) -> bool:
        """Whether a loop has asked for a heartbeat, as is then forgotten."""
        wanted = self.lease._beat_wanted.is_set()  # noqa: SLF001 (it is there to be waited for)
        self.lease._beat_wanted.clear()  # noqa: SLF001
        return wanted
