"""The doctor brings batches to what their members say."""

from __future__ import annotations

import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.batches import BatchCounts, BatchRecord, BatchState, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from tests.support.builders import make_jobs, succeeded
from tests.support.driver import Driver, check_with_doctor
from tests.support.redis_keys import PREFIX


def filled(broker: RedisBroker, number: int) -> list[Job]:
    jobs = make_jobs(number, batch="b1")
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.add(jobs, Membership("b1"))
    broker.batches.close("b1")
    return jobs


def read(broker: RedisBroker) -> BatchRecord:
    record = broker.batches.find("b1")
    assert record is not None
    return record


def repair(broker: RedisBroker) -> list[str]:
    """Repair, and return what was found."""
    problems = [finding.problem for finding in broker.doctor.repair()]
    check_with_doctor(broker)
    return problems


def test_a_member_that_the_doctor_ends_is_counted(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    job, _ = filled(broker, 2)
    client.hset(f"{PREFIX}j:{job.id}", "e", "damaged")

    repair(broker)
    w1.settle(*map(succeeded, w1.take(5)))

    assert (read(broker).state, read(broker).counts.dead) == (BatchState.FAILED, 1)


def test_a_member_that_vanished_counts_as_discarded(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    job, _ = filled(broker, 2)
    client.delete(f"{PREFIX}j:{job.id}")
    w1.settle(*map(succeeded, w1.take(5)))
    assert read(broker).ended_at is None

    assert any("1 open members instead of 0" in found for found in repair(broker))

    counts = BatchCounts(total=2, open=0, succeeded=1, dead=0, discarded=1)
    assert (read(broker).counts, read(broker).state) == (counts, BatchState.FAILED)


def test_counts_that_are_too_low_are_mended(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    filled(broker, 3)
    client.hset(f"{PREFIX}c:b1", "open", 1)

    repair(broker)

    assert read(broker).counts.open == 3
    w1.settle(*map(succeeded, w1.take(5)))
    assert read(broker).state is BatchState.SUCCEEDED
