"""A key of another type harms only the job, the queue or the worker that it belongs to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from django_jobs.brokers.constants import MAX_CRASHES
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused, WrongKeyType
from django_jobs.jobs.records import Claim, Settlement, State
from django_jobs.jobs.ticks import Tick
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids, past_lease
from tests.support.redis_keys import PREFIX


@pytest.fixture
def damage(client: redis.Redis) -> Callable[[str], None]:
    """Writes a text in place of a key."""

    def write(name: str) -> None:
        client.delete(PREFIX + name)
        client.set(PREFIX + name, "not ours")

    return write


Damage = Callable[[str], None]


def repair(broker: RedisBroker) -> None:
    assert broker.doctor.diagnose(repair=True).is_good
    check_with_doctor(broker)


def take_from_both(broker: RedisBroker, worker: Driver) -> tuple[Claim, Claim]:
    """Let a worker take a job of queue "a" and one of queue "b"."""
    broker.push([make_job(queue="a"), make_job(queue="b")])
    first, second = worker.take(2, "a", "b")
    return first, second


# --- what all jobs share ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["s:succeeded", "s:dead", "expiries", "queues", "s:retrying"])
def test_attempts_end_once_a_shared_key_is_repaired(
    name: str, broker: RedisBroker, w1: Driver, damage: Damage
) -> None:
    broker.push([job := make_job()])
    (claim,) = w1.take(1)
    damage(name)

    with pytest.raises(WrongKeyType, match=rf"{name} .*jobs doctor"):
        w1.settle(succeeded(claim))

    repair(broker)
    assert w1.settle(succeeded(claim)).refused == ()
    assert found(broker.inspection, job.id).state is State.SUCCEEDED


# --- a job -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [retrying, dead, discarded])
def test_an_attempt_ends_although_its_failures_are_damaged(
    end: Callable[[Claim], Settlement], broker: RedisBroker, w1: Driver, damage: Damage
) -> None:
    broker.push([make_job(), make_job()])
    first, second = w1.take(2)
    damage(f"e:{first.job.id}")

    assert w1.settle(end(first), succeeded(second)).refused == ()

    failures = found(broker.inspection, first.job.id).failures
    assert [one.exception for one in failures] == (
        [] if end is discarded else ["builtins.ValueError"]
    )
    assert found(broker.inspection, second.job.id).state is State.SUCCEEDED


@pytest.mark.parametrize("crashes", [0, MAX_CRASHES - 1])
def test_damaged_failures_stop_no_heartbeat_that_takes_jobs_back(
    crashes: int,
    broker: RedisBroker,
    client: redis.Redis,
    clock: Clock,
    w1: Driver,
    w2: Driver,
    damage: Damage,
) -> None:
    broker.push(jobs := make_jobs(2))
    w1.take(2)
    client.hset(f"{PREFIX}j:{jobs[0].id}", "c", crashes)
    damage(f"e:{jobs[0].id}")

    reply = w1.vanish(clock, noticed_by=w2)

    assert {*reply.recovered, *reply.dead} == {one.id for one in jobs}
    assert reply.dead == ((jobs[0].id,) if crashes else ())
    repair(broker)


def test_damaged_failures_keep_no_session_from_closing(
    broker: RedisBroker, w1: Driver, w2: Driver, damage: Damage
) -> None:
    broker.push(jobs := make_jobs(2))
    w1.take(2)
    damage(f"e:{jobs[0].id}")

    w1.close()

    assert ids(w2.take(2)) == ids(jobs)


# --- a queue ---------------------------------------------------------------------------------


@pytest.mark.parametrize("queues", [("a", "b"), ("b", "a")])
def test_a_damaged_queue_is_named_and_keeps_no_jobs_of_others_back(
    queues: tuple[str, str], broker: RedisBroker, w1: Driver, damage: Damage
) -> None:
    broker.push([*make_jobs(3, queue="a"), lost := make_job(queue="b")])
    damage("q:b")

    reply = w1.exchange(*queues, limit=2)

    assert [one.job.queue for one in reply.claims] == ["a", "a"]
    assert reply.damaged == (("b",) if queues[0] == "b" else ())
    last = w1.exchange(*queues, limit=2)
    assert [one.job.queue for one in last.claims] == ["a"]
    assert last.damaged == ("b",)
    repair(broker)
    assert ids(w1.take(2, *queues)) == [lost.id]


def test_a_push_to_a_damaged_queue_stores_nothing_and_names_its_key(
    broker: RedisBroker, w1: Driver, damage: Damage
) -> None:
    damage("q:b")

    for jobs in ([make_job(queue="b")], [make_job(queue="a"), make_job(queue="b")]):
        with pytest.raises(BrokerRefused, match=r"q:b .*jobs doctor"):
            broker.push(jobs)
    assert w1.take(1, "a") == ()


def test_settlements_take_effect_although_one_goes_back_to_a_damaged_queue(
    broker: RedisBroker, w1: Driver, w2: Driver, damage: Damage
) -> None:
    first, second = take_from_both(broker, w1)
    damage("q:b")

    assert w1.settle(given_back(second), succeeded(first)).refused == ()

    assert found(broker.inspection, first.job.id).state is State.SUCCEEDED
    repair(broker)
    assert ids(w2.take(2, "a", "b")) == [second.job.id]


@pytest.mark.parametrize("way", ["close", "vanish", "abandon"])
def test_other_jobs_come_back_although_one_goes_to_a_damaged_queue(
    way: str, broker: RedisBroker, clock: Clock, w1: Driver, w2: Driver, damage: Damage
) -> None:
    first, second = take_from_both(broker, w1)
    damage("q:b")

    if way == "close":
        w1.close()
    elif way == "vanish":
        w1.vanish(clock, noticed_by=w2)
    else:
        for claim in (first, second):
            w1.session.abandon(succeeded(claim))
        w1.heartbeat()

    assert ids(w2.take(2, "a")) == [first.job.id]
    repair(broker)
    assert ids(w2.take(2, "a", "b")) == [second.job.id]


def test_jobs_of_other_queues_become_due_although_one_is_damaged(
    broker: RedisBroker, clock: Clock, w1: Driver, damage: Damage
) -> None:
    at = clock.now() + 1_000
    jobs = [make_job(queue=queue, run_at=at + n) for n, queue in enumerate("bab")]
    broker.push(jobs)
    damage("q:b")
    clock.advance(5_000)

    reply = w1.exchange("a", limit=3)

    assert ids(reply.claims) == [jobs[1].id]
    assert reply.due_in is None
    repair(broker)
    assert sorted(ids(w1.take(3, "b"))) == sorted([jobs[0].id, jobs[2].id])


@pytest.mark.parametrize("way", ["settle", "close", "abandon"])
def test_a_job_that_ran_alone_wakes_the_others_although_a_queue_is_damaged(
    way: str,
    broker: RedisBroker,
    client: redis.Redis,
    w1: Driver,
    w2: Driver,
    damage: Damage,
) -> None:
    broker.push(jobs := [make_job(queue="a"), make_job(queue="b"), make_job(queue="c")])
    for job in jobs:
        client.hset(f"{PREFIX}j:{job.id}", "c", MAX_CRASHES - 1)
    (alone,) = w1.take(1, "b")
    damage("q:a")

    if way == "settle":
        assert w1.settle(retrying(alone, delay=60_000)).refused == ()
    elif way == "close":
        w1.close()
    else:
        w1.session.abandon(succeeded(alone))
        w1.heartbeat()

    assert ids(w2.take(1, "c")) == [jobs[2].id]
    repair(broker)


def test_ticks_of_other_queues_are_claimed_although_one_is_damaged(
    broker: RedisBroker, clock: Clock, w1: Driver, damage: Damage
) -> None:
    damage("q:b")
    ticks = [Tick(queue, None, clock.now(), make_job(queue=queue)) for queue in "bac"]

    with pytest.raises(BrokerRefused, match=r"q:b .*jobs doctor"):
        broker.claim_ticks(ticks)

    assert broker.ticks() == {"a": clock.now(), "c": clock.now()}
    assert [one.job.queue for one in w1.take(3, "a", "c")] == ["a", "c"]
    repair(broker)
    assert broker.claim_ticks(ticks) == (True, False, False)


@pytest.mark.parametrize("name", ["m:a", "m:*"])
def test_a_damaged_marker_is_replaced(
    name: str, broker: RedisBroker, client: redis.Redis, w1: Driver, damage: Damage
) -> None:
    damage(name)

    broker.push([job := make_job(queue="a")])

    assert client.type(PREFIX + name) == "list"
    assert ids(w1.take(1, "a")) == [job.id]


# --- a worker --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["f:w1", "w:w1", "b:w1", "d:w1"])
def test_damaged_keys_of_a_worker_that_vanished_stop_no_heartbeat_of_another(
    name: str, broker: RedisBroker, clock: Clock, w1: Driver, w2: Driver, damage: Damage
) -> None:
    broker.push(jobs := make_jobs(2))
    w1.take(2)
    damage(name)

    for _ in range(3):
        w2.heartbeat()
        clock.advance(past_lease(broker) // 2)
    w2.heartbeat()

    repair(broker)
    assert sorted(ids(w2.take(2))) == sorted(ids(jobs))


def test_what_a_worker_says_keeps_no_other_from_shortening_its_lease(
    broker: RedisBroker, clock: Clock, w1: Driver, w2: Driver, damage: Damage
) -> None:
    w1.heartbeat()
    damage("w:w1")
    clock.advance(-10 * past_lease(broker))

    w2.heartbeat()


# --- cancelled jobs --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["q:a", "s:discarded"])
def test_a_cancelled_job_that_waits_behind_a_damaged_key_stops_no_heartbeat(
    name: str, broker: RedisBroker, w1: Driver, w2: Driver, damage: Damage
) -> None:
    broker.push([make_job(id="one", queue="a")])
    claim = w1.take_one("a")
    broker.inspection.cancel("one")
    w1.settle(given_back(claim))
    damage(name)

    assert w1.heartbeat().cancelled == ()
    assert w2.heartbeat().cancelled == ()

    assert broker.doctor.diagnose(repair=True).is_good
    w2.heartbeat()
    assert found(broker.inspection, "one").state is State.DISCARDED
    check_with_doctor(broker)


def test_a_damaged_list_of_cancelled_jobs_stops_no_heartbeat(
    broker: RedisBroker, w1: Driver, damage: Damage
) -> None:
    w1.heartbeat()
    damage("cancelled")

    assert w1.heartbeat().cancelled == ()
    repair(broker)
