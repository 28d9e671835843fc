"""What the contract tests are written with: a clock to move, jobs, workers, waiters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import (
    NOTHING,
    Call,
    Pulse,
    Report,
    Reservation,
    Share,
    WorkerInfo,
)
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.records import Claim, Failure, Job, Record, Settlement, State, Tick

DEADLINE = 40.0
"""Seconds after which a test that waits for something has failed."""

NOTHING_HAPPENS = 0.3
"""Seconds for which a test watches that nothing happens; a slow machine cannot fail it."""

START = 1_800_000_000_000


class Clock:
    """A broker's clock in Unix milliseconds, which stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = START
        self._listeners: list[Callable[[int], object]] = []

    def now(self) -> int:
        return self._now

    def advance(self, milliseconds: int) -> None:
        self._now += milliseconds
        for listener in self._listeners:
            listener(self._now)

    def tell(self, listener: Callable[[int], object]) -> None:
        """Call the listener with the time, now and after each move."""
        self._listeners.append(listener)
        listener(self._now)


def make_job(**changes: Any) -> Job:
    """A job of the queue "default", changed where a test cares."""
    values: dict[str, Any] = {
        "id": new_job_id(),
        "task": "shop.tasks.ship",
        "queue": "default",
        "priority": 0,
        "arguments": '{"args":[],"kwargs":{}}',
        "enqueued_at": START,
    }
    return Job(**(values | changes))


def make_jobs(number: int, **changes: Any) -> list[Job]:
    return [make_job(**changes) for _ in range(number)]


def make_failure(**changes: Any) -> Failure:
    values: dict[str, Any] = {
        "exception": "builtins.ValueError",
        "message": "no such parcel",
        "traceback": "Traceback …\nValueError: no such parcel\n",
        "at": START,
        "worker": "w1",
        "attempt": 1,
    }
    return Failure(**(values | changes))


def ids(things: Sequence[Job] | Sequence[Claim] | Sequence[Record]) -> list[str]:
    return [thing.id if isinstance(thing, Job) else thing.job.id for thing in things]


def found(inspection: Inspection, job_id: str) -> Record:
    record = inspection.find(job_id)
    assert record is not None, f"{job_id} is not known"
    return record


def ended(claim: Claim, state: State, **changes: Any) -> Settlement:
    return Settlement(job_id=claim.job.id, token=claim.token, state=state, **changes)


def succeeded(claim: Claim, **changes: Any) -> Settlement:
    return ended(claim, State.SUCCEEDED, **changes)


def retrying(claim: Claim, delay: int = 0, **changes: Any) -> Settlement:
    changes.setdefault("failure", make_failure(attempt=claim.attempt))
    return ended(claim, State.RETRYING, delay=delay, **changes)


def dead(claim: Claim, **changes: Any) -> Settlement:
    changes.setdefault("failure", make_failure(attempt=claim.attempt))
    return ended(claim, State.DEAD, **changes)


def discarded(claim: Claim, **changes: Any) -> Settlement:
    return ended(claim, State.DISCARDED, **changes)


def given_back(claim: Claim) -> Settlement:
    return ended(claim, State.QUEUED)


def claim_tick(broker: Broker, name: str, last: int | None, at: int, job: Job | None) -> bool:
    (claimed,) = broker.claim_ticks([Tick(name, last, at, job)])
    return claimed


def check_with_doctor(broker: Broker) -> None:
    """Check that everything in the store of a broker fits together."""
    assert [one.problem for one in broker.doctor.examine() if not one.is_remark] == []


def past_lease(broker: Broker) -> int:
    """Milliseconds after which a silent worker has lost its lease."""
    return int(broker.lease * 1000) + 1


@dataclass
class Driver:
    """A worker as a broker sees one; it numbers its calls."""

    broker: Broker
    id: str = "w1"
    calls: count[int] = field(default_factory=lambda: count(1))
    settling: count[int] = field(default_factory=lambda: count(1))
    beats: count[int] = field(default_factory=lambda: count(1))
    _last: Callable[[], Reservation] | None = None
    _last_beat: tuple[WorkerInfo, int, Report] | None = None

    def reserve(
        self, *shares: Share | str, limit: int = 1, settlements: Sequence[Settlement] = ()
    ) -> Reservation:
        """Make a new call; a queue without a quota may give as much as the limit."""
        given = [Share(it, limit) if isinstance(it, str) else it for it in shares]
        call = Call(next(self.calls), given, limit, settlements)
        self._last = lambda: self.broker.reserve(self.id, call)
        return self.repeat()

    def repeat(self) -> Reservation:
        """Make the last call again, as after a lost reply."""
        assert self._last is not None
        return self._last()

    @property
    def has_called(self) -> bool:
        return self._last is not None

    def take(self, limit: int = 1, *queues: str) -> tuple[Claim, ...]:
        return self.reserve(*(queues or ("default",)), limit=limit).claims

    def take_one(self, *queues: str) -> Claim:
        (claim,) = self.take(1, *queues)
        return claim

    def settle(self, *settlements: Settlement) -> Reservation:
        number = next(self.settling)
        self._last = lambda: self.broker.settle(self.id, number, settlements)
        return self.repeat()

    def info(self, **changes: Any) -> WorkerInfo:
        values: dict[str, Any] = {"id": self.id, "host": "here", "pid": 7, "started_at": START}
        return WorkerInfo(**(values | changes))

    def heartbeat(self, *, report: Report = NOTHING, **changes: Any) -> Pulse:
        self._last_beat = (self.info(**changes), next(self.beats), report)
        return self.repeat_heartbeat()

    def repeat_heartbeat(self) -> Pulse:
        """Send the last heartbeat again, as after a lost reply."""
        assert self._last_beat is not None
        return self.broker.heartbeat(*self._last_beat)

    def leave(self) -> None:
        self.broker.leave(self.id)

    def vanish(self, clock: Clock, noticed_by: Driver) -> Pulse:
        """Be silent until the lease is over, which another worker then sees that never was."""
        noticed_by.heartbeat()
        clock.advance(past_lease(self.broker) // 2)
        noticed_by.heartbeat()
        clock.advance(past_lease(self.broker) - past_lease(self.broker) // 2)
        return noticed_by.heartbeat()


class Waiter:
    """A thread that waits at a broker, and remembers that it was woken."""

    def __init__(self, broker: Broker, queues: Collection[str], worker: str = "somebody") -> None:
        self._broker = broker
        self._queues = queues
        self._worker = worker
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def is_woken(self) -> bool:
        """Whether it is woken before the deadline."""
        return self._woken.wait(DEADLINE)

    def stays_asleep(self) -> bool:
        """Whether nothing wakes it for a moment."""
        return not self._woken.wait(NOTHING_HAPPENS)

    def end(self) -> None:
        """Wake it with jobs of its own, so that no thread outlives its test."""
        while self._thread.is_alive():
            self._broker.push([make_job(queue=next(iter(self._queues), "default"))])
            self._thread.join(0.02)

    @property
    def woken(self) -> bool:
        return self._woken.is_set()

    def _wait(self) -> None:
        self._broker.wait(self._queues, 10 * DEADLINE, self._worker)
        self._woken.set()


def in_threads(number: int, work: Callable[[int], object]) -> None:
    """Run `work(0)` … `work(number - 1)` at the same time; the first error is raised here."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(number)

    def run(index: int) -> None:
        try:
            barrier.wait(DEADLINE)
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"


def one_in_each_state(
    broker: Broker, worker: Driver, clock: Clock, queue: str = "default"
) -> dict[State, str]:
    """Bring one job into each state, and return their ids."""
    jobs = make_jobs(6, queue=queue)
    scheduled = make_job(queue=queue, run_at=clock.now() + 60_000)
    broker.push([*jobs, scheduled])
    good, again, bad, off, running = worker.take(5, queue)
    worker.settle(succeeded(good), retrying(again, delay=60_000), dead(bad), discarded(off))
    return {
        State.SCHEDULED: scheduled.id,
        State.QUEUED: jobs[5].id,
        State.RUNNING: running.job.id,
        State.SUCCEEDED: good.job.id,
        State.RETRYING: again.job.id,
        State.DEAD: bad.job.id,
        State.DISCARDED: off.job.id,
    }
