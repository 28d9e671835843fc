"""Unique jobs whose keys were evicted or damaged, and pushes of them that come twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker, codec
from django_jobs.errors import BrokerRefused, DuplicateJob, WrongKeyType
from django_jobs.jobs.records import Claim, Job, Lock, OnConflict, State
from tests.support.builders import (
    dead,
    given_back,
    make_job,
    postponed,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found
from tests.support.redis_keys import PREFIX

REPLACE = OnConflict.REPLACE
MINUTE = 60_000


def unique(job_id: str, on_conflict: OnConflict = REPLACE, digest: str = "d1", **job: Any) -> Job:
    return make_job(id=job_id, lock=Lock(digest, on_conflict=on_conflict), **job)


# --- a holder that is gone ----------------------------------------------------------------------


@pytest.fixture
def gone(broker: RedisBroker, client: redis.Redis, w1: Driver) -> Claim:
    """The claim of a job whose key was evicted while it ran, and for whose end "next" waits."""
    broker.push([unique("first")])
    claim = w1.take_one()
    broker.push([unique("next", queue="other")])
    client.delete(f"{PREFIX}j:first")
    return claim


@pytest.mark.parametrize("end", [succeeded, retrying, dead, given_back, postponed])
def test_the_end_of_an_attempt_begins_the_successor(
    gone: Claim, w1: Driver, w2: Driver, end: Callable[[Claim], Any]
) -> None:
    w1.settle(end(gone))

    assert w2.take_one("other").job.id == "next"


@pytest.mark.parametrize("end", [succeeded, retrying, dead, given_back, postponed])
def test_the_end_of_an_attempt_whose_job_is_gone_frees_its_lock(
    broker: RedisBroker, client: redis.Redis, w1: Driver, end: Callable[[Claim], Any]
) -> None:
    broker.push([unique("first")])
    claim = w1.take_one()
    client.delete(f"{PREFIX}j:first")

    w1.settle(end(claim))

    assert client.keys(f"{PREFIX}l:*") == []


def test_a_worker_that_stops_begins_the_successor(gone: Claim, w1: Driver, w2: Driver) -> None:
    w1.close()

    assert w2.take_one("other").job.id == "next"


def test_the_loss_of_its_worker_begins_the_successor(
    broker: RedisBroker, gone: Claim, clock: Clock, w1: Driver, w2: Driver
) -> None:
    w1.vanish(clock, noticed_by=w2)

    assert w2.take_one("other").job.id == "next"
    check_with_doctor(broker)


def test_an_abandoned_attempt_begins_the_successor(gone: Claim, w1: Driver, w2: Driver) -> None:
    w1.session.abandon(succeeded(gone))
    w1.heartbeat()

    assert w2.take_one("other").job.id == "next"


def test_the_next_call_begins_the_successor_of_a_queued_job(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    """Its claim finds nothing by which the lock could be told."""
    broker.push([unique("first")])
    claim = w1.take_one()
    broker.push([unique("next", queue="other")])
    w1.settle(given_back(claim))
    client.delete(f"{PREFIX}j:first")
    assert w1.take(1) == ()

    assert broker.push([unique("newest", queue="other")]) == ["next"]

    assert w1.take_one("other").job.id == "next"


# --- a push that comes twice --------------------------------------------------------------------


def push(broker: RedisBroker, number: int, *jobs: Job) -> Any:
    """Send a call as `RedisBroker.push` does, under a number of its own."""
    scripts = broker._caller.scripts  # noqa: SLF001
    return scripts("push_unique", "sender", number, *codec.stored(jobs))


def test_a_late_copy_of_a_push_that_was_refused_stores_nothing(
    broker: RedisBroker, w1: Driver
) -> None:
    broker.push([unique("holder")])
    jobs = unique("other", digest="d2"), unique("refused", OnConflict.RAISE)
    assert push(broker, 500, *jobs) == ["refused", 1, "holder"]
    w1.settle(succeeded(w1.take_one()))

    assert push(broker, 500, *jobs) == ["refused", 1, "holder"]

    assert broker.inspection.find("other") is None
    assert broker.inspection.find("refused") is None


def test_so_does_one_of_a_call_that_had_a_job_twice(broker: RedisBroker) -> None:
    jobs = unique("one"), unique("two", OnConflict.RAISE)

    for _ in range(2):
        assert push(broker, 500, *jobs) == ["refused", 1, ""]

    assert not any(broker.inspection.counts().values())


def test_a_copy_that_another_push_has_overtaken_stores_nothing(broker: RedisBroker) -> None:
    assert push(broker, 501, unique("newer")) == ["merged"]

    assert push(broker, 500, unique("late", digest="d2")) == 0

    assert broker.inspection.find("late") is None


def test_the_id_of_a_refused_call_stands_for_nobody(broker: RedisBroker) -> None:
    broker.push([unique("holder")])
    with pytest.raises(DuplicateJob):
        broker.push([unique("refused", OnConflict.RAISE)])

    assert broker.inspection.find("refused") is None


# --- keys of another type -----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["q:lost", "s:retrying", "expiries", "cancelled"])
def test_a_push_that_replaces_a_job_is_stored_whole(
    broker: RedisBroker, client: redis.Redis, w1: Driver, key: str
) -> None:
    broker.push([unique("holder", queue="lost")])
    if key != "q:lost":
        w1.settle(retrying(w1.take_one("lost"), delay=MINUTE))
    client.delete(PREFIX + key)
    client.set(PREFIX + key, "of somebody else")

    ids = broker.push([unique("plain", digest="d2"), unique("newest", metadata='{"new":1}')])

    client.delete(PREFIX + key)
    assert ids == ["plain", "holder"]
    assert found(broker.inspection, "plain").state is State.QUEUED
    record = found(broker.inspection, "holder")
    assert (record.state, record.job.queue) == (State.QUEUED, "default")
    assert record.job.metadata == '{"new":1}'
    check_with_doctor(broker)


@pytest.mark.parametrize("key", ["q:default", "s:scheduled", "queues", "paused", "pushes"])
def test_a_push_that_cannot_be_stored_stores_nothing(
    broker: RedisBroker, client: redis.Redis, key: str
) -> None:
    broker.push([unique("holder", queue="other")])
    before = client.hgetall(f"{PREFIX}j:holder")
    client.delete(PREFIX + key)
    client.set(PREFIX + key, "of somebody else")

    with pytest.raises(WrongKeyType, match=key):
        broker.push([unique("first", digest="d2", queue="fine"), unique("second")])

    client.delete(PREFIX + key)
    assert broker.inspection.find("first") is None
    assert client.hgetall(f"{PREFIX}j:holder") == before


def test_a_count_of_arrivals_that_is_no_number_stores_nothing(
    broker: RedisBroker, client: redis.Redis
) -> None:
    broker.push([unique("holder")])
    client.set(f"{PREFIX}seq", "many")

    with pytest.raises(BrokerRefused):
        broker.push([unique("newest", run_at=None)])

    assert found(broker.inspection, "holder").state is State.QUEUED
