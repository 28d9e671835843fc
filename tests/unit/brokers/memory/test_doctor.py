"""The doctor finds inconsistencies in memory, and repairs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from django_jobs.brokers.constants import DEFERRED, LINED_UP, NO_DUE_TIME
from django_jobs.brokers.doctor import Trouble
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.memory.leases import Leases
from django_jobs.brokers.memory.locks import Held
from django_jobs.brokers.memory.store import Store
from django_jobs.brokers.memory.stored_job import StoredJob
from django_jobs.jobs.records import Lock, OnConflict, State
from tests.support.builders import make_job, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids, one_in_each_state, past_lease


@dataclass
class Site:
    """A broker with a job in each state, and its inside, which the tests break."""

    broker: MemoryBroker
    clock: Clock
    worker: Driver
    jobs: dict[State, str]

    @property
    def store(self) -> Store:
        return self.broker._store  # noqa: SLF001

    @property
    def leases(self) -> Leases:
        return self.broker._parts.leases  # noqa: SLF001

    def entry(self, state: State) -> StoredJob:
        return self.store.entries[self.jobs[state]]

    def lose(self, state: State) -> None:
        """Take the job in a state out of the list of its state."""
        del self.store.members[state][self.jobs[state]]

    def list_too(self, state: State, other: State) -> None:
        self.store.members[other][self.jobs[state]] = self.entry(state)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(clock: Clock) -> Site:
    broker = MemoryBroker(now=clock.now)
    worker = Driver(broker, "w1")
    worker.heartbeat()
    return Site(broker, clock, worker, one_in_each_state(broker, worker, clock))


def forget_holder(site: Site) -> None:
    site.leases.workers["w1"].held.clear()


def stranger(site: Site) -> None:
    site.store.members[State.DEAD]["nobody"] = StoredJob(make_job(id="nobody"), State.DEAD)


def hold_stranger(site: Site) -> None:
    site.leases.workers["w1"].held["nobody"] = StoredJob(make_job(id="nobody"), State.RUNNING)


def hold_queued(site: Site) -> None:
    entry = site.entry(State.QUEUED)
    site.leases.workers["w1"].held[entry.job.id] = entry


def miscount(site: Site) -> None:
    site.store.sizes["default"] += 3


def forget_queue(site: Site) -> None:
    del site.store.queues["default"]


def lose_lock(site: Site) -> None:
    entry = site.entry(State.QUEUED)
    entry.job = entry.job._replace(lock=Lock("d1"))


def lock_for_nobody(site: Site) -> None:
    site.store.locks.give("d1", "nobody")


def wait_for_a_lock_of_nobody(site: Site) -> None:
    site.store.defer(site.entry(State.SCHEDULED), State.SCHEDULED, NO_DUE_TIME)


DAMAGES: dict[str, tuple[set[Trouble], Callable[[Site], object]]] = {
    **{
        f"a {state} job in no list": (
            {Trouble.UNLISTED_JOB},
            partial(Site.lose, state=state),
        )
        for state in State
    },
    "a queued job in no queue": (
        {Trouble.UNLISTED_JOB},
        lambda site: site.store.queues["default"].clear(),
    ),
    "deferred jobs at no time": ({Trouble.UNLISTED_JOB}, lambda site: site.store.due.clear()),
    "ended jobs without an expiry": (
        {Trouble.ENDLESS_JOB},
        lambda site: site.store.expiries.clear(),
    ),
    "a queued job that is dead too": (
        {Trouble.MISPLACED_JOB},
        lambda site: site.list_too(State.QUEUED, State.DEAD),
    ),
    "a list of a job that is not there": ({Trouble.MISSING_JOB}, stranger),
    "a running job in nobody's hands": ({Trouble.UNLISTED_JOB}, forget_holder),
    "a claim of a job that is not there": ({Trouble.MISSING_JOB}, hold_stranger),
    "a claim of a queued job": ({Trouble.STRAY_CLAIM}, hold_queued),
    "a wrong size": ({Trouble.WRONG_COUNT}, miscount),
    "a queue that is in no list": ({Trouble.UNLISTED_QUEUE}, forget_queue),
    "a lock that is gone": ({Trouble.LOST_LOCK}, lose_lock),
    "a lock of nobody": ({Trouble.STRAY_LOCK}, lock_for_nobody),
    "a job that waits for a lock of nobody": ({Trouble.WRONG_PLACE}, wait_for_a_lock_of_nobody),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_findings_are_repaired_and_every_job_runs(name: str, site: Site) -> None:
    expected, corrupt = DAMAGES[name]
    doctor = site.broker.doctor
    assert list(doctor.examine()) == []
    corrupt(site)

    first = list(doctor.examine())

    assert {finding.trouble for finding in first} >= expected
    assert list(doctor.examine()) == first, "an examination changes nothing"
    diagnosis = doctor.diagnose(repair=True)
    assert {finding.trouble for finding in diagnosis.repaired} >= expected
    assert diagnosis.left == ()
    check_that_each_job_runs_once(site)


def check_that_each_job_runs_once(site: Site) -> None:
    """Make the worker that holds a job vanish, and run all jobs in another one."""
    broker, other = site.broker, Driver(site.broker, "w2")
    runs: list[str] = []
    site.clock.advance(120_000)
    for _ in range(4):
        other.heartbeat()
        claims = other.take(20)
        runs += ids(claims)
        other.settle(*map(succeeded, claims))
        site.clock.advance(past_lease(broker))
    waiting = (*LINED_UP, *DEFERRED, State.RUNNING)
    assert sorted(runs) == sorted(site.jobs[state] for state in waiting)
    for state in waiting:
        assert found(broker.inspection, site.jobs[state]).state is State.SUCCEEDED
    assert list(broker.doctor.examine()) == []


LOCK_DAMAGES: dict[str, Callable[[Store], object]] = {
    "the lock is gone": lambda store: store.locks.held.clear(),
    "the lock has lost who gets it next": lambda store: store.locks.give("d1", "first"),
    "the lock waits for itself": lambda store: note(store, "next", "next"),
    "the lock belongs to the next one": lambda store: note(store, "next", None),
    "the lock has them swapped": lambda store: note(store, "next", "first"),
    "the next one is in no list": lambda store: store.members[State.SCHEDULED].pop("next"),
    "the next one is in no heap": lambda store: store.due.clear(),
    "the next one is due": lambda store: store.defer(store.entries["next"], State.SCHEDULED, 5),
}


def note(store: Store, holder: str, successor: str | None) -> None:
    store.locks.held["d1"] = Held(holder, successor)


@pytest.mark.parametrize("name", LOCK_DAMAGES)
def test_no_repair_begins_a_job_beside_the_one_for_which_it_waits(name: str, site: Site) -> None:
    broker, worker = site.broker, Driver(site.broker, "w2")
    worker.heartbeat()
    lock = Lock("d1", on_conflict=OnConflict.REPLACE)
    broker.push([make_job(id="first", lock=lock, queue="other")])
    claim = worker.take_one("other")
    broker.push([make_job(id="next", lock=lock, queue="other")])
    LOCK_DAMAGES[name](site.store)

    diagnosis = broker.doctor.diagnose(repair=True)

    assert diagnosis.repaired
    assert diagnosis.left == ()
    assert not worker.take(5, "other")
    worker.settle(succeeded(claim))
    assert worker.take_one("other").job.id == "next"
