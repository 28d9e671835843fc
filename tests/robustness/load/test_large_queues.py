"""No call holds Redis up for long, however many jobs wait, are due, end or are given back."""

from __future__ import annotations

from functools import partial

import pytest

from django_jobs.brokers.constants import BATCH_HELD_MS, BATCH_KEPT_MS
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import JOB_FORMAT, Job, Lock, OnConflict, State, Turn
from django_jobs.jobs.ticks import Tick
from django_jobs.worker.fetch.room import BATCH
from tests.robustness.load.brokers import MANY, PORTION
from tests.robustness.load.stores import Store
from tests.support.builders import make_job, make_jobs, retrying
from tests.support.driver import Driver, past_lease

FEWER = MANY // 10
HOUR = 3_600_000
HELD = 7 * BATCH
"""As many jobs as a worker holds: 600 that it has prefetched, and those that run."""


def unique(number: int, **lock: object) -> Job:
    return make_job(lock=Lock(f"{number:032x}", **lock))  # type: ignore[arg-type]


def of_customer(number: int) -> Job:
    return make_job(turn=Turn(f"customer {number}", 1))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kept", [0, HOUR])
def test_many_locks_are_held(store: Store, kept: int) -> None:
    make = partial(unique, keep_for=kept)
    with store.holding.phase(f"push {FEWER:,} unique jobs"):
        store.push(FEWER, make)
    with store.holding.phase(f"merge {FEWER:,} unique calls with those"):
        store.push(FEWER, make)
    with store.holding.phase(f"replace {FEWER:,} unique jobs"):
        store.push(FEWER, partial(make, on_conflict=OnConflict.REPLACE))
    with store.holding.phase(f"run {FEWER:,} unique jobs, their locks kept for {kept:,} ms"):
        assert store.run() == FEWER
    store.check()


@pytest.mark.timeout(3600)
def test_results_expire_while_other_jobs_run(store: Store) -> None:
    store.push(FEWER, lambda _: make_job(result_ttl=HOUR))
    store.run()
    store.clock.advance(HOUR)
    store.push(FEWER, lambda _: make_job())
    with store.holding.phase(f"run {FEWER:,} jobs while as many results expire"):
        assert store.run() == FEWER
    assert store.broker.inspection.counts()[State.SUCCEEDED] == FEWER
    store.check()


@pytest.mark.timeout(3600)
def test_many_fair_keys_take_turns(store: Store) -> None:
    with store.holding.phase(f"push jobs of {FEWER:,} fair keys"):
        store.push(FEWER, of_customer)
    store.push(FEWER, of_customer)
    with store.holding.phase(f"list the fair keys with the most jobs, of {FEWER:,}"):
        store.broker.inspection.fair_keys("default")
    with store.holding.phase(f"run the jobs of {FEWER:,} fair keys"):
        assert store.run() == 2 * FEWER
    store.push(FEWER, of_customer)
    store.broker.inspection.clear("default")
    with store.holding.phase(f"forget {FEWER:,} fair keys"):
        for _ in range(FEWER // PORTION + 1):
            store.worker.heartbeat()
    store.check()


@pytest.mark.timeout(3600)
def test_many_jobs_are_due_at_once(store: Store) -> None:
    at = store.clock.now() + HOUR
    store.push(FEWER, lambda number: of_customer(number)._replace(run_at=at))
    store.push(FEWER, lambda _: make_job())
    store.run(ends=partial(retrying, delay=HOUR))
    store.clock.advance(HOUR)
    with store.holding.phase(f"queue {FEWER:,} scheduled and {FEWER:,} retrying jobs that are due"):
        store.run(enough=0)
    assert store.broker.inspection.counts()[State.QUEUED] == 2 * FEWER
    store.check()


@pytest.mark.timeout(3600)
def test_many_periodic_tasks_are_due_at_once(store: Store) -> None:
    number, first = MANY // 1_000, store.clock.now()
    with store.holding.phase(f"claim the ticks of {number:,} periodic tasks"):
        for last, at in ((None, first), (first, first + 1)):
            ticks = [Tick(f"task {n}", last, at, make_job()) for n in range(number)]
            assert all(store.broker.claim_ticks(ticks))
    store.check()


@pytest.mark.timeout(3600)
def test_many_batches_end_with_one_call(store: Store) -> None:
    for number in range(BATCH):
        name = f"b{number}"
        callbacks = {event: make_job(queue="callbacks") for event in BatchEvent}
        store.broker.batches.open(NewBatch(id=name, callbacks=callbacks))
        store.broker.batches.add([make_job(batch=name)], Membership(name))
        store.broker.batches.close(name)
    with store.holding.phase(f"end {BATCH} batches with one call"):
        assert store.run() == BATCH
    with store.holding.phase(f"run the callbacks of {BATCH} batches"):
        assert store.run("callbacks") == 2 * BATCH
    store.check()


@pytest.mark.timeout(3600)
def test_many_batches_are_abandoned_and_forgotten_at_once(store: Store) -> None:
    number = FEWER // 100
    for index in range(number):
        name = f"b{index}"
        callbacks = {event: make_job(queue="callbacks") for event in BatchEvent}
        store.broker.batches.open(NewBatch(id=name, callbacks=callbacks))
    store.clock.advance(BATCH_HELD_MS + 1)
    with store.holding.phase(f"end {number:,} batches whose blocks have vanished"):
        while store.client.zcard("{jobs}:held"):
            store.worker.heartbeat()
    store.clock.advance(BATCH_KEPT_MS)
    with store.holding.phase(f"forget {number:,} batches"):
        while store.broker.batches.count():
            store.worker.heartbeat()
    store.check()


@pytest.mark.timeout(3600)
def test_many_workers_vanish(store: Store) -> None:
    workers = FEWER // 1_000
    limits = (JobLimit("mail", MANY), JobLimit("api", MANY, HOUR))
    jobs = [
        unique(number)._replace(batch="batch", limits=limits, turn=Turn("a", 1))
        for number in range(workers * HELD)
    ]
    store.broker.batches.open(NewBatch(id="batch"))
    with store.holding.phase("add unique members with limits and turns"):
        store.broker.batches.add(jobs, Membership("batch"))
    with store.holding.phase(f"take {HELD} such members for each of {workers:,} workers"):
        for number in range(workers):
            worker = Driver(store.broker, f"gone {number}")
            for _ in range(HELD // BATCH):
                assert len(worker.take(BATCH)) == BATCH
    with store.holding.phase(f"send heartbeats for {HELD} such members"):
        for _ in range(10):
            worker.heartbeat()
    with store.holding.phase(f"stop a worker that holds {HELD} such members"):
        worker.close()
    store.clock.advance(past_lease(store.broker))
    other = Driver(store.broker, "other")
    with store.holding.phase(f"take back the jobs of {workers:,} vanished workers"):
        other.take_all_back()
    assert store.broker.inspection.counts()[State.QUEUED] == len(jobs)
    store.check()


@pytest.mark.timeout(3600)
def test_many_jobs_come_back_that_were_cancelled(store: Store) -> None:
    store.push(FEWER, unique)
    for _ in range(FEWER // BATCH):
        for claim in store.worker.take(BATCH):
            store.broker.inspection.cancel(claim.job.id)
    store.worker.close()
    with store.holding.phase(f"discard {FEWER:,} cancelled jobs that have come back"):
        other = Driver(store.broker, "other")
        while store.client.exists("{jobs}:cancelled"):
            other.heartbeat()
    store.check()


@pytest.mark.timeout(3600)
def test_many_jobs_are_of_a_later_release(store: Store) -> None:
    store.push(FEWER, lambda number: unique(number)._replace(format=JOB_FORMAT + 1))
    with store.holding.phase(f"postpone {FEWER:,} jobs of a later release"):
        while store.client.exists("{jobs}:q:default"):
            store.run()
    assert store.broker.inspection.counts()[State.SCHEDULED] == FEWER
    store.check()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["plain", "unique", "members"])
def test_a_queue_is_cleared(store: Store, kind: str) -> None:
    number = MANY if kind == "plain" else FEWER
    if kind == "members":
        store.broker.batches.open(NewBatch(id="batch"))
        store.broker.batches.add(make_jobs(number, batch="batch"), Membership("batch"))
    else:
        store.push(number, unique if kind == "unique" else lambda _: make_job())
    with store.holding.phase(f"clear a queue of {number:,} jobs: {kind}"):
        assert store.broker.inspection.clear("default") == number
    store.check()


@pytest.mark.timeout(3600)
def test_many_jobs_are_searched_changed_and_read(store: Store) -> None:
    store.push(MANY, lambda _: make_job())
    inspection = store.broker.inspection
    with store.holding.phase(f"search {MANY:,} jobs"):
        for wanted in (Filter(text="nowhere"), Filter(task="ship"), Filter(queue="default")):
            finder = Finder(inspection, wanted)
            finder.count(finder.count().end)
            finder.page()
    with store.holding.phase(f"cancel some of {MANY:,} jobs that were searched for"):
        Finder(inspection, Filter(task="ship")).apply(JobAction.CANCEL)
    with store.holding.phase(f"read {MANY:,} jobs"):
        for offset in range(0, MANY - FEWER, FEWER):
            inspection.jobs(State.QUEUED, offset=offset, limit=500)
        inspection.counts()
        inspection.queues()
        store.broker.store_info()
    store.check()
