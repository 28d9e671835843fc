"""No call holds Redis up for long, however many members a batch has."""

from __future__ import annotations

import pytest

from django_jobs.brokers.constants import BATCH_KEPT_MS, DEAD_KEPT_MS, DISCARDED_KEPT_MS
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import State
from tests.robustness.load.brokers import MANY, PORTION
from tests.robustness.load.stores import Store
from tests.support.builders import dead, make_job, make_jobs
from tests.support.driver import check_with_doctor

NAME = "import"
FEWER = MANY // 10


def fill(store: Store, number: int) -> None:
    """Open a batch, add that many members, and close it."""
    callbacks = {event: make_job(queue="callbacks") for event in BatchEvent}
    store.broker.batches.open(NewBatch(id=NAME, callbacks=callbacks))
    with store.holding.phase(f"add {number:,} members"):
        for _ in range(0, number, PORTION):
            store.broker.batches.add(make_jobs(PORTION, batch=NAME), Membership(NAME))
    with store.holding.phase("close the batch"):
        store.broker.batches.close(NAME)


def forget(store: Store, after: int) -> None:
    """Let the time pass after which a batch and its members are forgotten."""
    store.clock.advance(after)
    with store.holding.phase("forget the batch and its members"):
        store.beat_until_forgotten(NAME)


@pytest.mark.timeout(3600)
def test_a_large_batch_succeeds(store: Store) -> None:
    fill(store, MANY)
    batches, inspection = store.broker.batches, store.broker.inspection
    with store.holding.phase(f"read pages and counts with {MANY:,} members"):
        for place in range(10):
            batches.list()
            inspection.jobs(State.QUEUED, offset=place * MANY // 10, limit=50)
            inspection.counts()
            inspection.queues()
    with store.holding.phase(f"examine {MANY:,} members with the doctor"):
        check_with_doctor(store.broker)
    with store.holding.phase(f"run {MANY:,} members"):
        assert store.run() == MANY
    assert store.run("callbacks") == 2
    forget(store, BATCH_KEPT_MS)
    store.check()


@pytest.mark.timeout(3600)
def test_a_large_batch_is_cancelled_half_way(store: Store) -> None:
    fill(store, MANY)
    store.run(enough=MANY // 2)
    with store.holding.phase("cancel a batch"):
        store.broker.batches.cancel(NAME)
    with store.holding.phase(f"discard {MANY // 2:,} members of a cancelled batch"):
        store.run()
    assert store.run("callbacks") == 1
    forget(store, max(BATCH_KEPT_MS, DISCARDED_KEPT_MS))
    store.check()


@pytest.mark.timeout(3600)
def test_many_dead_members_are_retried(store: Store) -> None:
    fill(store, FEWER)
    with store.holding.phase(f"run {FEWER:,} members that die"):
        store.run(ends=dead)
    with store.holding.phase(f"retry {FEWER:,} dead members"):
        assert store.broker.batches.retry_dead(NAME).retried == FEWER
    store.run(ends=dead)
    forget(store, DEAD_KEPT_MS)
    store.check()
