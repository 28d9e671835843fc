"""No call holds Redis up for long, however wide or deep a workflow is."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from django_jobs.brokers.constants import BATCH_HELD_MS, DEAD_KEPT_MS
from django_jobs.jobs.batches import BatchCounts, BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.robustness.load.brokers import MANY
from tests.robustness.load.stores import Store
from tests.support.builders import dead, make_job, succeeded
from tests.support.driver import check_with_doctor

FLOW = "flow"
NODES = MANY // 10
"""How many nodes wait for one, or one for how many."""


def node(job_id: str, needs: Iterable[str] = ()) -> NewNode:
    edges = tuple(Edge(EdgeKind.SUCCESS, source) for source in needs)
    return NewNode(make_job(id=job_id, batch=FLOW), edges)


def names(first: int = 0) -> list[str]:
    return [f"n{number:06}" for number in range(first, NODES)]


def fan_out() -> list[NewNode]:
    return [node("first"), *(node(name, ["first"]) for name in names())]


def fan_in() -> list[NewNode]:
    return [*(node(name) for name in names()), node("last", names())]


def chain() -> list[NewNode]:
    return [node("first"), *map(node, names(), ([one] for one in ["first", *names()]))]


def start(store: Store, nodes: list[NewNode], shape: str) -> None:
    """Store a workflow, and start it."""
    with store.holding.phase(f"store {shape}"):
        store.broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
        store.broker.batches.add_nodes(FLOW, nodes)
        store.broker.batches.close(FLOW)
    with store.holding.phase(f"seal {shape}"):
        store.run(enough=0)


def read(store: Store) -> BatchRecord:
    record = store.broker.batches.find(FLOW)
    assert record is not None
    return record


def forget(store: Store, shape: str) -> None:
    """Let the time pass after which a workflow and its nodes are forgotten."""
    store.clock.advance(DEAD_KEPT_MS)
    with store.holding.phase(f"forget {shape}"):
        store.beat_until_forgotten(FLOW)


@pytest.mark.timeout(3600)
def test_one_node_waits_for_many(store: Store) -> None:
    shape = f"a fan-in of {NODES:,}"
    start(store, fan_in(), shape)
    batches, inspection = store.broker.batches, store.broker.inspection
    with store.holding.phase(f"read {shape}"):
        for offset in range(0, NODES, NODES // 10):
            batches.nodes(FLOW, offset=offset, limit=50)
        batches.nodes(FLOW, offset=NODES - 10, limit=50)
        batches.neighbours("last", 50)
        inspection.find("last")
    with store.holding.phase(f"run {shape}"):
        assert store.run() == NODES + 1
    with store.holding.phase(f"read the results of {NODES:,} nodes"):
        batches.results(names())
    with store.holding.phase(f"examine {shape} with the doctor"):
        check_with_doctor(store.broker)
    forget(store, shape)
    store.check()


@pytest.mark.timeout(3600)
def test_many_nodes_wait_for_one(store: Store) -> None:
    shape = f"a fan-out to {NODES:,}"
    start(store, fan_out(), shape)
    with store.holding.phase(f"run {shape}"):
        assert store.run() == NODES + 1
    forget(store, shape)
    store.check()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("shape", ["wide", "deep"])
def test_a_failure_flows_down(store: Store, shape: str) -> None:
    start(store, fan_out() if shape == "wide" else chain(), f"{NODES:,} {shape}")
    with store.holding.phase(f"discard {NODES:,} nodes of a failed one, {shape}"):
        store.run(ends=dead)
    total = NODES + 1
    assert read(store).counts == BatchCounts(total, dead=1, discarded=NODES)
    with store.holding.phase(f"retry the failed node of {NODES:,}, {shape}"):
        assert store.broker.batches.retry_dead(FLOW).retried == 1
        store.run(enough=0)
    assert read(store).counts == BatchCounts(total, open=total)
    if shape == "wide":
        assert store.run() == total
    else:
        store.run(ends=dead)
    forget(store, f"{NODES:,} {shape}")
    store.check()


@pytest.mark.timeout(3600)
def test_a_large_workflow_is_cancelled(store: Store) -> None:
    start(store, fan_out(), f"a workflow of {NODES:,}")
    store.run(enough=1)
    with store.holding.phase(f"cancel a workflow of {NODES:,}"):
        store.broker.batches.cancel(FLOW)
        store.run()
    assert read(store).counts.discarded == NODES
    forget(store, f"a cancelled workflow of {NODES:,}")
    store.check()


@pytest.mark.timeout(3600)
def test_a_large_workflow_is_not_stored_to_its_end(store: Store) -> None:
    store.broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    store.broker.batches.add_nodes(FLOW, fan_in())
    store.clock.advance(BATCH_HELD_MS + 1)
    with store.holding.phase(f"forget a workflow of {NODES:,} that was not sealed"):
        store.beat_until_forgotten(FLOW)
    store.check()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("end", [succeeded, dead])
def test_a_node_adds_many(store: Store, end: type) -> None:
    start(store, [node("split"), node("last", ["split"])], "a node that adds others")
    claim = store.worker.take_one()
    added = [node(name) for name in names()]
    with store.holding.phase(f"add {NODES:,} nodes"):
        store.broker.batches.grow(added, Membership(FLOW, "split", claim.token))
    with store.holding.phase(f"settle the node that has added {NODES:,}: {end.__name__}"):
        store.worker.settle(end(claim))
        store.run(enough=0)
    with store.holding.phase(f"run {NODES:,} added nodes"):
        store.run()
    forget(store, f"{NODES:,} added nodes")
    store.check()
