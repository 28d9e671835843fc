"""What only Redis can do to workflows: lose keys, or have them overwritten."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.records import State
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import make_job, succeeded
from tests.support.driver import Driver, check_with_doctor, found, ids
from tests.support.redis_keys import PREFIX

FLOW = "flow"


@pytest.fixture
def w1(broker: RedisBroker) -> Driver:
    return Driver(broker, "w1")


@pytest.fixture(autouse=True)
def two_nodes(broker: RedisBroker) -> None:
    """A workflow of two nodes, of which the second one needs the first."""
    first, second = (make_job(id=name, batch=FLOW) for name in "ab")
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    nodes = [NewNode(first), NewNode(second, (Edge(EdgeKind.SUCCESS, "a"),))]
    broker.batches.add_nodes(FLOW, nodes)
    broker.batches.close(FLOW)


@pytest.mark.parametrize("key", ["k:success:a", "happened"])
def test_the_doctor_ends_a_node_whose_edge_is_lost(
    broker: RedisBroker, client: redis.Redis, w1: Driver, key: str
) -> None:
    claim = w1.take_one()
    client.delete(PREFIX + key)
    client.set(PREFIX + key, "something else")
    w1.settle(succeeded(claim))
    client.delete(PREFIX + key)

    assert broker.doctor.diagnose(repair=True).repaired

    check_with_doctor(broker)
    assert found(broker.inspection, "b").state is State.DISCARDED
    record = broker.batches.find(FLOW)
    assert record is not None
    assert record.ended_at is not None


@pytest.mark.parametrize("vanished", ["a", "b"])
def test_the_doctor_ends_a_workflow_of_which_a_node_has_vanished(
    broker: RedisBroker, client: redis.Redis, w1: Driver, vanished: str
) -> None:
    client.delete(f"{PREFIX}j:{vanished}")
    w1.settle(*map(succeeded, w1.take(2)))

    assert list(broker.doctor.repair())
    w1.heartbeat()

    check_with_doctor(broker)
    record = broker.batches.find(FLOW)
    assert record is not None
    assert (record.state, record.counts.discarded) == (BatchState.FAILED, 1 + (vanished == "a"))


def test_the_doctor_removes_the_list_of_a_workflow_that_is_gone(
    broker: RedisBroker, client: redis.Redis
) -> None:
    client.rpush(PREFIX + "i:gone", "x", "y")

    assert list(broker.doctor.repair())

    check_with_doctor(broker)
    assert not client.exists(PREFIX + "i:gone")


def test_a_damaged_list_of_events_stops_no_claims(
    broker: RedisBroker, client: redis.Redis, w1: Driver
) -> None:
    claim = w1.take_one()
    client.set(PREFIX + "happened", "something else")
    broker.push([make_job(id="other")])

    reply: Any = w1.exchange("default", limit=5, settlements=[succeeded(claim)])

    assert not reply.refused
    assert ids(reply.claims) == ["other"]
