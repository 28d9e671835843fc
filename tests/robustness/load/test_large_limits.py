"""No call holds Redis up for long, however many keys a limit has, or jobs wait for one."""

from __future__ import annotations

import pytest

from django_jobs.brokers.constants import LIMIT_KEPT_MS
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import State
from tests.robustness.load.brokers import MANY
from tests.robustness.load.stores import Store
from tests.support.builders import limited, make_job, succeeded
from tests.support.driver import Driver

KEYS = MANY // 10
PAUSED = KEYS // 10
MINUTE = 60_000


def mail(value: str = "", n: int = 1, declared_at: int = 0) -> JobLimit:
    return JobLimit("mail", n, value=value, declared_at=declared_at)


def api(value: str) -> JobLimit:
    return JobLimit("api", 1, MINUTE, value)


def make_known(store: Store, limit: JobLimit) -> None:
    """Run a first job, so that operators can change the limit."""
    store.broker.push([limited("first", limit)])
    assert store.run() == 1


def pause_with_waiting_jobs(store: Store) -> None:
    """Pause a limit, and let one job wait for each of its keys."""
    make_known(store, mail("first"))
    store.broker.inspection.limits.pause(mail().id)
    store.push(KEYS, lambda n: limited(f"a{n}", mail(f"{n:06}")))
    with store.holding.phase(f"let jobs of {KEYS:,} keys wait"):
        assert store.run() == 0
    assert store.broker.inspection.counts()[State.WAITING] == KEYS


@pytest.mark.timeout(3600)
def test_a_limit_with_many_keys_is_changed(store: Store) -> None:
    pause_with_waiting_jobs(store)
    limits = store.broker.inspection.limits
    with store.holding.phase(f"list limits with {KEYS:,} keys"):
        limits.all()
        for offset in range(0, KEYS, KEYS // 10):
            limits.keys(mail().id, offset=offset)
        limits.search(mail().id, "9999")
    with store.holding.phase(f"raise a paused limit with {KEYS:,} keys"):
        limits.set_number(mail().id, 2)
        store.run(enough=0)
    with store.holding.phase(f"deploy another number for {KEYS:,} keys"):
        store.broker.push([limited("newest", mail("first", 3, declared_at=store.clock.now()))])
        store.run()
    with store.holding.phase(f"resume a limit with {KEYS:,} keys"):
        limits.resume(mail().id)
        store.worker.exchange(limit=0)
    with store.holding.phase(f"run the jobs of {KEYS:,} keys that waited"):
        assert store.run() == KEYS + 1
    store.clock.advance(LIMIT_KEPT_MS)
    limits.set_number(mail().id, None)
    with store.holding.phase(f"forget a limit that had {KEYS:,} keys"):
        while limits.all():
            store.worker.heartbeat()
    store.check()


@pytest.mark.timeout(3600)
def test_keys_are_paused_by_an_operator(store: Store) -> None:
    make_known(store, mail("first"))
    limits = store.broker.inspection.limits
    with store.holding.phase(f"pause {PAUSED:,} keys, one by one"):
        for number in range(PAUSED):
            limits.pause_key(mail().id, f"{number:06}")
    store.push(PAUSED, lambda n: limited(f"a{n}", mail(f"{n:06}")))
    with store.holding.phase(f"let jobs of {PAUSED:,} paused keys wait"):
        assert store.run() == 0
    with store.holding.phase(f"list paused keys of {PAUSED:,}"):
        limits.paused_keys(mail().id)
    with store.holding.phase(f"resume {PAUSED:,} keys, one by one"):
        for number in range(PAUSED):
            limits.resume_key(mail().id, f"{number:06}")
    with store.holding.phase(f"run the jobs of {PAUSED:,} resumed keys"):
        assert store.run() == PAUSED
    store.check()


@pytest.mark.timeout(3600)
def test_a_queue_with_jobs_that_wait_is_cleared(store: Store) -> None:
    pause_with_waiting_jobs(store)
    with store.holding.phase(f"clear a queue with {KEYS:,} jobs that wait"):
        assert store.broker.inspection.clear("default") == KEYS
    store.check()


@pytest.mark.timeout(3600)
def test_many_jobs_of_one_key_stand_in_front(store: Store) -> None:
    store.broker.push([limited("holder", mail())])
    holder = Driver(store.broker, "holder")
    claim = holder.take_one()
    store.push(KEYS, lambda n: limited(f"a{n}", mail()))
    free = KEYS // 100
    store.push(free, lambda n: make_job())
    with store.holding.phase(f"run {free:,} jobs behind {KEYS:,} of a blocked key"):
        assert store.run() == free
    holder.settle(succeeded(claim))
    with store.holding.phase(f"run {free:,} of {KEYS:,} jobs of one key, one at a time"):
        store.run(enough=free)
    store.broker.inspection.limits.set_number(mail().id, KEYS)
    with store.holding.phase(f"run {KEYS:,} jobs that waited for one key"):
        assert store.run() >= KEYS - free - 10
    store.check()


@pytest.mark.timeout(3600)
def test_the_periods_of_many_keys_end_at_once(store: Store) -> None:
    store.push(KEYS, lambda n: limited(f"a{n}", api(f"{n:06}")))
    with store.holding.phase(f"start jobs of {KEYS:,} rates"):
        assert store.run() == KEYS
    store.push(KEYS, lambda n: limited(f"b{n}", api(f"{n:06}")))
    with store.holding.phase(f"let jobs of {KEYS:,} rates wait"):
        assert store.run() == 0
    store.clock.advance(MINUTE)
    with store.holding.phase(f"start jobs of {KEYS:,} rates whose periods have ended"):
        assert store.run() == KEYS
    store.check()
