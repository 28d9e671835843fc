"""Nodes that a running node adds to its workflow: when they start, and what waits for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import EDGES_PER_CALL, NODES_PER_CALL, UPSTREAM_FAILED
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.errors import WorkflowNotStored
from django_jobs.jobs.awaited import AwaitedAttempt, AwaitedNodes
from django_jobs.jobs.batches import BatchCounts, BatchState
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Claim, State
from tests.contract.test_workflows import FLOW, MINUTE, nodes_of, read, start, states, work
from tests.support.builders import dead, discarded, given_back, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids, past_lease


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


def grow(broker: Broker, claim: Claim, shape: dict[str, str], workflow: str = FLOW) -> None:
    """Add nodes as a running node does."""
    adder = Membership(workflow, claim.job.id, claim.token)
    broker.batches.grow(nodes_of(shape, workflow), adder)


def split(broker: Broker, w1: Driver, shape: dict[str, str], needs: str = "split") -> Claim:
    """Store a node that adds others, and one that needs it; return the claim of the first."""
    start(broker, {"split": "", "sum": needs})
    claim = w1.take_one()
    grow(broker, claim, shape)
    return claim


# --- when they start ----------------------------------------------------------------------------


def test_added_nodes_start_when_the_attempt_has_succeeded(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": "", "b": ""})
    assert not w1.take(10)
    assert found(inspection, "a").waits_for == AwaitedAttempt("split")
    assert found(inspection, "a").is_bound
    assert read(broker).counts == BatchCounts(total=2, open=2)
    assert tuple(one.id for one in broker.batches.nodes(FLOW)) == ("split", "sum")

    w1.settle(succeeded(claim))

    assert read(broker).counts == BatchCounts(total=4, open=3, succeeded=1)
    assert tuple(one.id for one in broker.batches.nodes(FLOW)) == ("split", "sum", "a", "b")
    assert sorted(ids(w1.take(10))) == ["a", "b"]


def test_what_needs_the_node_waits_for_all_that_it_has_added(broker: Broker, w1: Driver) -> None:
    claim = split(broker, w1, {"a": "", "b": "", "c": "a b"})
    w1.settle(succeeded(claim))

    assert work(w1, limit=1) == ["a", "b", "c", "sum"]
    assert read(broker).state is BatchState.SUCCEEDED
    assert read(broker).counts == BatchCounts(total=5, succeeded=5)


def test_an_added_node_waits_for_those_that_it_needs(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": "", "b": "a"})
    w1.settle(succeeded(claim))

    assert found(inspection, "b").waits_for == AwaitedNodes(FLOW, 1)
    assert ids(w1.take(10)) == ["a"]


def test_a_node_adds_others_twice(broker: Broker, w1: Driver) -> None:
    claim = split(broker, w1, {"a": ""})
    grow(broker, claim, {"b": "", "c": "b"})
    w1.settle(succeeded(claim))

    assert work(w1, limit=1) == ["a", "b", "c", "sum"]


def test_a_node_adds_others_by_several_calls_of_many_portions(broker: Broker, w1: Driver) -> None:
    claim, number = split(broker, w1, {"a": ""}), 2 * NODES_PER_CALL + 1
    for call in range(3):
        grow(broker, claim, {f"n{call}-{n}": f"n{call}-{n - 1}" * (n > 0) for n in range(number)})
    assert not w1.take(10)

    w1.settle(succeeded(claim))

    total = 3 * number + 3
    assert read(broker).counts == BatchCounts(total=total, open=total - 1, succeeded=1)
    while w1.settle().due_in == 0:
        pass  # until all have joined
    assert all(broker.inspection.cancel(f"n{call}-1") for call in range(3))
    assert sorted(work(w1)) == ["a", "n0-0", "n1-0", "n2-0"]
    assert read(broker).counts == BatchCounts(total=total, succeeded=5, discarded=total - 5)


def test_added_nodes_add_others(broker: Broker, w1: Driver) -> None:
    claim = split(broker, w1, {"a": ""})
    w1.settle(succeeded(claim))
    inner = w1.take_one()
    grow(broker, inner, {"b": "", "c": ""})
    w1.settle(succeeded(inner))

    assert work(w1, limit=1) == ["b", "c", "sum"]
    assert read(broker).counts == BatchCounts(total=5, succeeded=5)


def test_many_levels_end_one_after_the_other(broker: Broker, w1: Driver) -> None:
    start(broker, {"n0": "", "sum": "n0"})
    levels = 2 * EDGES_PER_CALL
    claim = w1.take_one()
    for level in range(1, levels):
        grow(broker, claim, {f"n{level}": ""})
        w1.settle(succeeded(claim))
        claim = w1.take_one()
    reply = w1.settle(succeeded(claim))
    calls = 1
    while reply.due_in == 0:
        reply = w1.settle()
        calls += 1

    assert 2 <= calls <= 4
    assert work(w1) == ["sum"]
    assert read(broker).counts == BatchCounts(total=levels + 1, succeeded=levels + 1)


def test_many_added_nodes_join_in_portions(broker: Broker, w1: Driver) -> None:
    number = 3 * EDGES_PER_CALL + 10
    claim = split(broker, w1, {f"n{n}": "" for n in range(number)})
    reply = w1.settle(succeeded(claim))

    assert reply.due_in == 0
    assert read(broker).counts == BatchCounts(total=number + 2, open=number + 1, succeeded=1)

    ran = work(w1, limit=1000)

    assert len(ran) == number + 1
    assert ran[-1] == "sum"


def test_added_nodes_are_scheduled(broker: Broker, clock: Clock, w1: Driver) -> None:
    start(broker, {"split": ""})
    claim = w1.take_one()
    later = clock.now() + MINUTE
    nodes = nodes_of({"a": ""}, run_at=later)
    broker.batches.grow(nodes, Membership(FLOW, "split", claim.token))
    w1.settle(succeeded(claim))

    assert not w1.take(10)
    clock.advance(MINUTE)
    assert ids(w1.take(10)) == ["a"]


# --- attempts that do not succeed -----------------------------------------------------------------


@pytest.mark.parametrize("end", [dead, discarded])
def test_a_node_that_fails_adds_nothing(
    broker: Broker, inspection: Inspection, w1: Driver, end: Callable[..., Any]
) -> None:
    claim = split(broker, w1, {"a": "", "b": "a"})
    w1.settle(end(claim))

    assert inspection.find("a") is None
    assert inspection.find("b") is None
    assert states(inspection, "sum") == ["discarded"]
    assert read(broker).counts.total == 2


@pytest.mark.parametrize("end", [retrying, given_back])
def test_the_attempt_that_succeeds_has_added_its_own_nodes_alone(
    broker: Broker, inspection: Inspection, w1: Driver, end: Callable[..., Any]
) -> None:
    claim = split(broker, w1, {"a": "", "b": "a"})
    w1.settle(end(claim))
    again = w1.take_one()
    grow(broker, again, {"c": ""})
    w1.settle(succeeded(again))

    assert work(w1) == ["c", "sum"]
    assert inspection.find("a") is None
    assert read(broker).counts == BatchCounts(total=3, succeeded=3)


def test_an_attempt_that_adds_nothing_leaves_nothing_of_the_one_before(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    w1.settle(retrying(claim))
    w1.settle(succeeded(w1.take_one()))

    assert work(w1) == ["sum"]
    assert inspection.find("a") is None


def test_a_lost_worker_adds_nothing(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    clock.advance(past_lease(broker))
    w2.heartbeat()
    again = w2.take_one()

    with pytest.raises(WorkflowNotStored):
        grow(broker, claim, {"b": ""})
    w2.settle(succeeded(again))

    assert work(w2) == ["sum"]
    assert inspection.find("a") is None


def test_a_deleted_node_leaves_nothing(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    claim = split(broker, w1, {"a": ""})
    w1.settle(retrying(claim, delay=MINUTE))
    assert inspection.delete("split")
    w1.settle()

    assert inspection.find("a") is None
    assert states(inspection, "sum") == ["discarded"]


# --- failures -----------------------------------------------------------------------------------


def test_a_failure_counts_when_all_that_was_added_has_ended(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": "", "b": ""})
    w1.settle(succeeded(claim))
    a, b = w1.take(2)
    w1.settle(dead(a))

    assert states(inspection, "split", "sum") == ["succeeded", "waiting"]

    w1.settle(succeeded(b))

    assert states(inspection, "split", "sum") == ["succeeded", "discarded"]
    (failure,) = found(inspection, "sum").failures
    assert failure.exception == UPSTREAM_FAILED
    assert "split, which has added a job that has failed" in failure.message
    assert read(broker).state is BatchState.FAILED


def test_a_retry_of_what_was_added_brings_back_what_needs_the_node(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": "", "b": "a"})
    w1.settle(succeeded(claim))
    work(w1, a=dead)
    assert states(inspection, "b", "sum") == ["discarded", "discarded"]

    assert broker.batches.retry_dead(FLOW).retried == 1
    w1.settle()

    assert work(w1, limit=1) == ["a", "b", "sum"]
    assert read(broker).state is BatchState.SUCCEEDED


def test_a_failure_passes_through_all_levels_and_back(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    w1.settle(succeeded(claim))
    inner = w1.take_one()
    grow(broker, inner, {"b": ""})
    w1.settle(succeeded(inner))
    work(w1, b=dead)
    assert states(inspection, "split", "a", "b", "sum") == [
        *("succeeded", "succeeded", "dead", "discarded")
    ]

    assert inspection.retry("b")
    w1.settle()

    assert states(inspection, "sum") == ["waiting"]
    assert work(w1) == ["b", "sum"]


def test_the_end_of_a_node_waits_for_all_that_it_has_added(broker: Broker, w1: Driver) -> None:
    claim = split(broker, w1, {"a": "", "b": ""}, needs="split.ended")
    w1.settle(succeeded(claim))

    assert work(w1, limit=1, a=dead) == ["a", "b", "sum"]


def test_a_deleted_added_node_has_failed(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": "", "b": ""})
    w1.settle(succeeded(claim))
    assert inspection.delete("a")

    assert work(w1) == ["b"]
    assert states(inspection, "sum") == ["discarded"]


def test_a_cleared_added_node_has_failed(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    w1.settle(succeeded(claim))
    inspection.clear("default")
    w1.settle()

    assert states(inspection, "sum") == ["discarded"]


# --- operators ----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["retry", "cancel", "delete"])
def test_what_a_running_attempt_adds_is_left_alone(
    broker: Broker, inspection: Inspection, w1: Driver, action: str
) -> None:
    claim = split(broker, w1, {"a": ""})

    assert not getattr(inspection, action)("a")

    w1.settle(succeeded(claim))
    assert work(w1) == ["a", "sum"]


def test_a_node_is_not_deleted_before_what_it_has_added_has_ended(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    w1.settle(succeeded(claim))
    assert not inspection.delete("split")

    assert work(w1) == ["a", "sum"]
    assert inspection.delete("split")


def test_a_cancelled_workflow_does_not_grow(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    assert broker.batches.cancel(FLOW)
    with pytest.raises(WorkflowNotStored):
        grow(broker, claim, {"b": ""})
    w1.settle(succeeded(claim))

    assert work(w1) == []
    assert read(broker).counts == BatchCounts(total=3, succeeded=1, discarded=2)


def test_a_clear_leaves_alone_what_an_attempt_adds(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": ""})
    inspection.clear("default")
    w1.settle(succeeded(claim))

    assert work(w1) == ["a", "sum"]


# --- who adds -----------------------------------------------------------------------------------


def test_only_a_running_node_adds(broker: Broker, w1: Driver) -> None:
    start(broker, {"split": "", "other": "split"})
    claim = w1.take_one()
    others = (
        Membership("unknown", "split", claim.token),
        Membership(FLOW, "split", claim.token + 1),
        Membership(FLOW, "other", 0),
        Membership(FLOW, "unknown", 1),
        Membership(FLOW),
    )
    for adder in others:
        with pytest.raises(WorkflowNotStored):
            broker.batches.grow(nodes_of({"a": ""}), adder)
    w1.settle(succeeded(claim))

    with pytest.raises(WorkflowNotStored):
        grow(broker, claim, {"a": ""})


def test_a_succeeded_workflow_is_forgotten_with_what_was_added(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    start(broker, {"split": ""}, result_ttl=MINUTE)
    claim = w1.take_one()
    broker.batches.grow(
        nodes_of({"a": ""}, result_ttl=MINUTE), Membership(FLOW, "split", claim.token)
    )
    w1.settle(succeeded(claim))
    work(w1)
    clock.advance(MINUTE + 1)
    w1.heartbeat()

    assert inspection.find("split") is None
    assert inspection.find("a") is None


def test_states_of_added_nodes_are_counted(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim = split(broker, w1, {"a": "", "b": ""})

    assert inspection.counts()[State.WAITING] == 3
    w1.settle(succeeded(claim))
    assert inspection.counts()[State.WAITING] == 1
    assert inspection.counts()[State.QUEUED] == 2
