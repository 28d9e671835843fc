"""What only Redis can do to nodes that a running node adds: lose keys, or have them overwritten."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import InvalidWorkflow
from django_jobs.jobs.batches import BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Claim, State
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import dead, make_job, succeeded
from tests.support.driver import Driver, check_with_doctor, found
from tests.support.redis_keys import PREFIX

FLOW = "flow"


@pytest.fixture
def w1(broker: RedisBroker) -> Driver:
    return Driver(broker, "w1")


@pytest.fixture
def claim(broker: RedisBroker, w1: Driver) -> Claim:
    """The attempt of a node that has added two others, and that a fourth one needs."""
    first, last = (make_job(id=name, batch=FLOW) for name in ("split", "sum"))
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    nodes = [NewNode(first), NewNode(last, (Edge(EdgeKind.SUCCESS, "split"),))]
    broker.batches.add_nodes(FLOW, nodes)
    broker.batches.close(FLOW)
    claim = w1.take_one()
    added = [NewNode(make_job(id=name, batch=FLOW)) for name in "ab"]
    broker.batches.grow(added, Membership(FLOW, "split", claim.token))
    return claim


def repaired(broker: RedisBroker, w1: Driver) -> BatchRecord:
    """Let the doctor repair, and workers run what is left; return the workflow."""
    for _ in range(2):
        list(broker.doctor.repair())
        w1.settle(*map(succeeded, w1.take(10)))
    check_with_doctor(broker)
    record = broker.batches.find(FLOW)
    assert record is not None
    return record


def test_the_list_of_added_nodes_is_lost(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim
) -> None:
    client.delete(f"{PREFIX}k:added:split:{claim.token}")
    w1.settle(succeeded(claim))

    assert repaired(broker, w1).ended_at is not None
    assert found(broker.inspection, "sum").state is State.DISCARDED


def test_an_added_node_vanishes(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim
) -> None:
    w1.settle(succeeded(claim))
    client.delete(PREFIX + "j:a")

    record = repaired(broker, w1)

    assert record.ended_at is not None
    assert (record.counts.succeeded, record.counts.discarded) == (2, 2)
    assert found(broker.inspection, "sum").state is State.DISCARDED


def test_the_node_vanishes_that_adds_others(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim
) -> None:
    client.delete(PREFIX + "j:split")
    w1.settle(succeeded(claim))

    assert repaired(broker, w1).ended_at is not None
    assert broker.inspection.find("a") is None
    assert not client.keys(PREFIX + "k:added:*")


@pytest.mark.parametrize("said", ["nonsense", "7:0", "-1:0", "0:0"])
def test_a_node_says_nonsense_of_what_it_has_added(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim, said: str
) -> None:
    w1.settle(succeeded(claim))
    client.hset(PREFIX + "j:split", "G", said)

    assert repaired(broker, w1).ended_at is not None


@pytest.mark.parametrize("said", ["nonsense", "7:0", "0:0", "0:-1"])
def test_those_that_have_failed_are_counted_again(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim, said: str
) -> None:
    """What needs the node must not start as if all that it has added had succeeded."""
    w1.settle(succeeded(claim))
    a, b = w1.take(2)
    w1.settle(succeeded(a), dead(b))
    client.hset(PREFIX + "j:split", "G", said)

    record = repaired(broker, w1)

    assert record.ended_at is not None
    assert found(broker.inspection, "sum").state is State.DISCARDED
    assert client.hget(PREFIX + "j:split", "G") != "0:0"


@pytest.mark.parametrize("said", ["nonsense", "1:0", "0:1"])
def test_the_doctor_notes_that_a_node_is_over(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim, said: str
) -> None:
    """The edges to what needs it are still there, as nothing was noted of its end."""
    w1.settle(succeeded(claim))
    a, b = w1.take(2)
    client.hset(PREFIX + "j:split", "G", "7:0")
    w1.settle(succeeded(a), succeeded(b))
    client.hset(PREFIX + "j:split", "G", said)

    assert repaired(broker, w1).ended_at is not None


def test_a_failed_node_that_was_deleted_is_no_finding(
    broker: RedisBroker, w1: Driver, claim: Claim
) -> None:
    w1.settle(succeeded(claim))
    a, b = w1.take(2)
    w1.settle(succeeded(a), dead(b))
    assert broker.inspection.delete(b.job.id)

    check_with_doctor(broker)


@pytest.mark.parametrize("said", ["nonsense", "1", "7:0", "1:99"])
def test_an_attempt_says_nonsense_of_what_it_has_added(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim, said: str
) -> None:
    client.hset(PREFIX + "j:split", "A", said)
    w1.settle(succeeded(claim))

    assert repaired(broker, w1).ended_at is not None


def test_a_call_that_is_not_completed_adds_nothing(
    broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim
) -> None:
    client.hset(PREFIX + "j:split", "A", f"{claim.token}:1")  # as if b had more portions to come
    adder = Membership(FLOW, "split", claim.token)
    with pytest.raises(InvalidWorkflow, match="earlier call"):
        broker.batches.grow([NewNode(make_job(id="c", batch=FLOW))], adder)
    w1.settle(succeeded(claim))

    assert broker.inspection.find("b") is None
    assert tuple(one.id for one in broker.batches.nodes(FLOW)) == ("split", "sum", "a")
    assert repaired(broker, w1).counts.succeeded == 3
