"""Workflows: when a node starts, what a failure keeps from starting, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import (
    BATCH_HELD_MS,
    BATCH_KEPT_MS,
    DEAD_KEPT_MS,
    EDGES_PER_CALL,
    EDGES_READ,
    UPSTREAM_FAILED,
)
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.errors import BatchEnded, WorkflowNotStored
from django_jobs.jobs.awaited import AwaitedNodes
from django_jobs.jobs.batches import BatchCounts, BatchRecord, BatchState, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import State, Turn
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    make_failure,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids

FLOW = "flow"
MINUTE = 60_000
DIAMOND = {"top": "", "left": "top", "right": "top", "bottom": "left right"}
"""Each node with those that it needs; `x.ended` is the end of x."""


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


def node(name: str, needs: str = "", workflow: str = FLOW, **changes: Any) -> NewNode:
    edges = [
        Edge(EdgeKind.END if one.endswith(".ended") else EdgeKind.SUCCESS, one.split(".")[0])
        for one in needs.split()
    ]
    return NewNode(make_job(id=name, batch=workflow, **changes), tuple(edges))


def nodes_of(shape: dict[str, str], workflow: str = FLOW, **changes: Any) -> list[NewNode]:
    return [node(name, needs, workflow, **changes) for name, needs in shape.items()]


def store(broker: Broker, nodes: list[NewNode], workflow: str = FLOW) -> None:
    """Store a workflow, and start it."""
    broker.batches.open(NewBatch(id=workflow, is_workflow=True))
    broker.batches.add_nodes(workflow, nodes)
    broker.batches.close(workflow)


def start(broker: Broker, shape: dict[str, str], **changes: Any) -> None:
    store(broker, nodes_of(shape, **changes))


def read(broker: Broker) -> BatchRecord:
    record = broker.batches.find(FLOW)
    assert record is not None
    return record


def states(inspection: Inspection, *names: str) -> list[str]:
    return [found(inspection, name).state.value for name in names]


def work(worker: Driver, limit: int = 10, **fates: Any) -> list[str]:
    """Run what can run until nothing is left; return it in order.

    Args:
        fates: settlements of some nodes; the others succeed.
    """
    ran: list[str] = []
    reply = worker.exchange("default", limit=limit)
    while reply.claims or reply.due_in == 0:
        ran += ids(reply.claims)
        ended = [fates.get(one.job.id, succeeded)(one) for one in reply.claims]
        reply = worker.exchange("default", limit=limit, settlements=ended)
    return ran


# --- order ------------------------------------------------------------------------------------


def test_a_node_starts_when_all_that_it_needs_has_succeeded(broker: Broker, w1: Driver) -> None:
    start(broker, DIAMOND)

    assert ids(w1.take(10)) == ["top"]


def test_all_nodes_run_in_the_order_of_their_edges(broker: Broker, w1: Driver) -> None:
    start(broker, DIAMOND)

    ran = work(w1)

    assert (ran[0], sorted(ran[1:3]), ran[3]) == ("top", ["left", "right"], "bottom")
    assert read(broker).state is BatchState.SUCCEEDED
    assert read(broker).counts == BatchCounts(total=4, succeeded=4)


def test_a_node_waits_for_the_last_of_several(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "", "sum": "a b"})
    first, second = w1.take(2)
    w1.settle(succeeded(first))

    assert states(inspection, "sum") == ["waiting"]

    w1.settle(succeeded(second))

    assert ids(w1.take(2)) == ["sum"]


def test_a_waiting_node_says_how_many_others_it_waits_for(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "", "sum": "a b.ended"})
    assert found(inspection, "sum").waits_for == AwaitedNodes(FLOW, 2)

    w1.settle(succeeded(w1.take_one()))
    assert found(inspection, "sum").waits_for == AwaitedNodes(FLOW, 1)

    w1.settle(succeeded(w1.take_one()))
    assert found(inspection, "sum").waits_for is None


def test_a_node_that_has_ended_waits_for_nothing(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})

    work(w1, a=dead)

    assert found(inspection, "b").waits_for is None


def test_a_node_may_need_only_the_end_of_another(broker: Broker, w1: Driver) -> None:
    start(broker, {"a": "", "clean": "a.ended"})

    assert work(w1, a=dead) == ["a", "clean"]


def test_an_end_counts_once(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    start(broker, {"a": "", "b": "", "clean": "a.ended b"})
    a, b = w1.take(2)
    w1.settle(dead(a))
    inspection.retry("a")
    w1.settle(dead(w1.take_one()))

    assert states(inspection, "clean") == ["waiting"]

    w1.settle(succeeded(b))

    assert ids(w1.take()) == ["clean"]


def test_an_attempt_that_failed_releases_nothing(broker: Broker, w1: Driver) -> None:
    start(broker, {"a": "", "b": "a", "clean": "a.ended"})
    w1.settle(retrying(w1.take_one(), delay=MINUTE))

    assert not w1.take(10)


def test_a_node_that_is_given_back_releases_nothing(broker: Broker, w1: Driver) -> None:
    start(broker, {"a": "", "b": "a"})
    w1.settle(given_back(w1.take_one()))

    assert ids(w1.take(10)) == ["a"]


def test_run_after_is_the_earliest_start(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    later = clock.now() + MINUTE
    store(broker, [node("a", run_at=later), node("b", "a", run_at=later + MINUTE)])

    assert states(inspection, "a", "b") == ["scheduled", "waiting"]

    clock.advance(MINUTE)
    w1.settle(succeeded(w1.take_one()))

    assert (found(inspection, "b").state, found(inspection, "b").due_at) == (
        State.SCHEDULED,
        later + MINUTE,
    )
    clock.advance(MINUTE)
    assert work(w1) == ["b"]


def test_priority_and_queue_hold_for_nodes(broker: Broker, w1: Driver) -> None:
    store(broker, [node("low", priority=-1), node("high", priority=1), node("else", queue="q")])

    assert ids(w1.take(10)) == ["high", "low"]
    assert ids(w1.take(10, "q")) == ["else"]


def test_a_node_takes_its_turn_when_it_is_queued(broker: Broker, w1: Driver) -> None:
    def turn(key: str) -> Turn:
        return Turn(key, 1)

    store(broker, [node("first"), node("a", "first", turn=turn("A"))])
    broker.push([make_job(id=f"a{n}", turn=turn("A")) for n in range(2)])
    broker.push([make_job(id="b", turn=turn("B"))])

    assert work(w1, limit=1) == ["first", "a0", "b", "a1", "a"]


def test_an_expired_node_takes_along_what_needs_it(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    """Its time goes on while it waits for others. Workers discard what has expired."""
    store(broker, [node("a"), node("b", "a", expires_at=clock.now() + MINUTE), node("c", "b")])
    claim = w1.take_one()
    clock.advance(2 * MINUTE)
    w1.heartbeat()
    w1.settle(succeeded(claim))
    late = w1.take_one()
    assert late.job.id == "b"

    w1.settle(discarded(late, failure=make_failure(exception="django_jobs.errors.JobExpired")))

    assert not work(w1)
    assert states(inspection, "b", "c") == ["discarded", "discarded"]
    assert read(broker).state is BatchState.FAILED


# --- whole or not at all ----------------------------------------------------------------------


def test_nothing_starts_before_the_workflow_is_sealed(broker: Broker, w1: Driver) -> None:
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    broker.batches.add_nodes(FLOW, nodes_of(DIAMOND))

    assert not w1.take(10)
    assert read(broker).state is BatchState.OPEN

    broker.batches.close(FLOW)

    assert ids(w1.take(10)) == ["top"]


@pytest.mark.parametrize("verb", ["cancel", "delete"])
def test_an_operator_changes_no_node_before_the_workflow_is_sealed(
    broker: Broker, inspection: Inspection, w1: Driver, verb: str
) -> None:
    """What needs the end of the node would start, and be forgotten while it runs."""
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    broker.batches.add_nodes(FLOW, nodes_of({"a": "", "b": "a.ended"}))

    assert not getattr(inspection, verb)("a")
    assert w1.take(2) == ()

    broker.batches.close(FLOW)
    assert getattr(inspection, verb)("a")
    assert ids(w1.take(2)) == ["b"]


def test_a_workflow_that_is_never_sealed_is_forgotten(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    broker.batches.add_nodes(FLOW, nodes_of(DIAMOND))
    clock.advance(BATCH_HELD_MS)
    w1.heartbeat()
    w1.heartbeat()

    assert broker.batches.find(FLOW) is None
    assert not any(inspection.counts().values())
    assert broker.batches.nodes(FLOW) == ()


def test_storing_it_twice_changes_nothing(broker: Broker, w1: Driver) -> None:
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    broker.batches.add_nodes(FLOW, nodes_of(DIAMOND))
    start(broker, DIAMOND)
    start(broker, DIAMOND)

    assert sorted(work(w1)) == sorted(DIAMOND)
    assert read(broker).counts == BatchCounts(total=4, succeeded=4)


def test_nodes_of_an_unknown_workflow_are_refused(broker: Broker, inspection: Inspection) -> None:
    with pytest.raises(WorkflowNotStored, match=FLOW):
        broker.batches.add_nodes(FLOW, nodes_of(DIAMOND))

    assert not any(inspection.counts().values())


def test_a_workflow_takes_no_members(broker: Broker, w1: Driver) -> None:
    start(broker, DIAMOND)
    claim = w1.take_one()

    with pytest.raises(BatchEnded):
        broker.batches.add(make_jobs(1, batch=FLOW), Membership(FLOW, claim.job.id, claim.token))


def test_a_workflow_is_listed_apart_from_batches(broker: Broker) -> None:
    start(broker, DIAMOND)
    broker.batches.open(NewBatch(id="b1"))

    assert [one.id for one in broker.batches.list()] == ["b1"]
    assert [one.id for one in broker.batches.list(workflows=True)] == [FLOW]
    assert (broker.batches.count(), broker.batches.count(workflows=True)) == (1, 1)


def test_workflows_that_have_not_ended_are_counted_apart_from_batches(
    broker: Broker, w1: Driver
) -> None:
    start(broker, DIAMOND)
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.open(NewBatch(id="b2"))
    assert broker.batches.count_unfinished() == 2
    assert broker.batches.count_unfinished(workflows=True) == 1

    work(w1)

    assert broker.batches.count_unfinished() == 2
    assert broker.batches.count_unfinished(workflows=True) == 0
    assert [one.id for one in broker.batches.nodes(FLOW)] == [*DIAMOND]
    assert [one.id for one in broker.batches.nodes(FLOW, offset=1, limit=2)] == ["left", "right"]
    broker.batches.cancel("b1")


# --- what is read -------------------------------------------------------------------------------


def test_nodes_are_read_with_what_they_need(broker: Broker, w1: Driver) -> None:
    start(broker, {"a": "", "b": "a", "c": "a.ended b"})
    work(w1, limit=1, b=dead)

    read_as = {one.id: (one.state, one.needs) for one in broker.batches.nodes(FLOW)}

    assert read_as == {
        "a": (State.SUCCEEDED, ()),
        "b": (State.DEAD, (Edge(EdgeKind.SUCCESS, "a"),)),
        "c": (State.DISCARDED, (Edge(EdgeKind.END, "a"), Edge(EdgeKind.SUCCESS, "b"))),
    }
    assert {one.task for one in broker.batches.nodes(FLOW)} == {make_job().task}
    assert broker.batches.nodes("unknown") == ()


def test_what_nodes_have_needed_is_read_as_long_as_they_are_kept(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    start(broker, {"a": "", "b": "a"}, result_ttl=MINUTE)
    work(w1)
    assert broker.batches.nodes(FLOW)[1].needs == (Edge(EdgeKind.SUCCESS, "a"),)

    clock.advance(MINUTE)
    w1.heartbeat()

    assert [(one.id, one.task, one.state) for one in broker.batches.nodes(FLOW)] == [
        ("a", "", None),
        ("b", "", None),
    ]


def test_nodes_with_many_edges_are_read_in_portions(broker: Broker) -> None:
    sources = {f"s{number}": "" for number in range(30)}
    targets = {f"t{number}": " ".join(sources) for number in range(100)}
    start(broker, {**sources, **targets})

    first = broker.batches.nodes(FLOW, limit=1000)
    rest = broker.batches.nodes(FLOW, offset=len(first), limit=1000)

    assert abs(sum(len(one.needs) for one in first) - EDGES_READ) < 60
    assert [one.id for one in (*first, *rest)] == [*sources, *targets]


def test_what_a_node_needs_and_what_waits_for_it_is_read(broker: Broker, w1: Driver) -> None:
    start(broker, {"a": "", "b": "a", "c": "b", "d": "b.ended", "e": "b"})

    around = broker.batches.neighbours("b", 2)

    assert around.needs == (Edge(EdgeKind.SUCCESS, "a"),)
    assert around.waiting == (Edge(EdgeKind.SUCCESS, "c"), Edge(EdgeKind.SUCCESS, "e"))
    assert (around.needed, around.waited) == (1, 3)
    assert broker.batches.neighbours("a", 2).needed == 0
    assert broker.batches.neighbours("unknown", 2) == ((), 0, (), 0)

    work(w1)

    around = broker.batches.neighbours("b", 2)
    assert (around.needed, around.waited) == (1, 0)


# --- failure ------------------------------------------------------------------------------------


def test_a_failure_flows_down(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    start(broker, {"a": "", "b": "a", "c": "b", "other": ""})

    assert sorted(work(w1, a=dead)) == ["a", "other"]
    assert states(inspection, "a", "b", "c") == ["dead", "discarded", "discarded"]
    assert read(broker).state is BatchState.FAILED
    assert read(broker).counts == BatchCounts(total=4, succeeded=1, dead=1, discarded=2)


def test_the_reason_of_a_failure_is_kept(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})
    work(w1, a=dead)

    (failure,) = found(inspection, "b").failures

    assert failure.exception == UPSTREAM_FAILED
    assert "the job a," in failure.message


def test_what_needs_a_discarded_node_is_discarded(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})

    assert work(w1, a=discarded) == ["a"]
    assert states(inspection, "b") == ["discarded"]


def test_the_end_of_what_was_discarded_counts(broker: Broker, w1: Driver) -> None:
    start(broker, {"a": "", "b": "a", "clean": "b.ended"})

    assert work(w1, a=dead) == ["a", "clean"]


def test_a_cancelled_node_takes_along_what_needs_it(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a", "c": "b"})

    assert inspection.cancel("b")
    assert work(w1) == ["a"]
    assert states(inspection, "b", "c") == ["discarded", "discarded"]


def test_a_deleted_node_takes_along_what_needs_it(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a", "c": "b"})

    assert inspection.delete("b")
    assert work(w1) == ["a"]
    assert inspection.find("b") is None
    assert states(inspection, "c") == ["discarded"]
    assert not inspection.retry("c")


def test_a_cleared_queue_takes_along_what_needs_its_jobs(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})

    assert inspection.clear("default") == 1
    w1.heartbeat()
    assert states(inspection, "b") == ["discarded"]


def test_the_jobs_of_a_lost_worker_are_not_ended(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})
    w1.take_one()
    w1.vanish(clock, w2)

    assert work(w2) == ["a", "b"]


# --- retries ------------------------------------------------------------------------------------


def test_a_retry_returns_what_was_discarded_for_it(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a", "c": "b", "d": "a"})
    work(w1, a=dead)

    assert broker.batches.retry_dead(FLOW).retried == 1
    assert states(inspection, "a", "b", "c", "d") == ["queued", "waiting", "waiting", "waiting"]
    assert read(broker).counts == BatchCounts(total=4, open=4)
    assert sorted(work(w1)) == ["a", "b", "c", "d"]
    assert read(broker).state is BatchState.SUCCEEDED


def test_a_retry_returns_only_what_nothing_else_keeps_back(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "", "sum": "a b", "mine": ""})
    inspection.cancel("mine")
    work(w1, a=dead, b=dead)

    inspection.retry("a")
    assert states(inspection, "sum", "mine") == ["discarded", "discarded"]

    assert work(w1) == ["a"]
    inspection.retry("b")
    assert states(inspection, "sum") == ["waiting"]
    assert work(w1) == ["b", "sum"]


def test_a_node_that_fails_again_discards_again(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})
    work(w1, a=dead)
    inspection.retry("a")
    work(w1, a=dead)

    assert states(inspection, "b") == ["discarded"]

    inspection.retry("a")
    assert work(w1) == ["a", "b"]


def test_what_was_discarded_for_another_cannot_be_retried_itself(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})
    work(w1, a=dead)

    assert not inspection.retry("b")


def test_a_cancelled_node_waits_again_when_it_is_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a", "c": "b"})
    inspection.cancel("b")
    w1.heartbeat()

    assert inspection.retry("b")
    assert states(inspection, "b") == ["waiting"]
    assert work(w1) == ["a", "b", "c"]


def test_a_cancelled_node_runs_at_once_if_nothing_is_left_to_wait_for(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})
    inspection.cancel("b")
    work(w1)

    assert inspection.retry("b")
    assert work(w1) == ["b"]


def test_a_node_that_waits_cannot_be_run_now_or_moved(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})

    assert not inspection.retry("b")
    assert inspection.move(["b"], "default", "other") == ()


# --- cancelling ---------------------------------------------------------------------------------


def test_a_cancelled_workflow_starts_nothing_more(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, DIAMOND)
    claim = w1.take_one()

    assert broker.batches.cancel(FLOW)
    w1.settle(succeeded(claim))

    assert not work(w1)
    assert states(inspection, *DIAMOND) == ["succeeded", "discarded", "discarded", "discarded"]
    assert read(broker).state is BatchState.FAILED


def test_a_node_of_a_cancelled_workflow_is_not_retried(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a", "c": "", "d": ""})
    inspection.cancel("c")
    claim = w1.take_one()
    w1.take_one()
    w1.settle(dead(claim))
    w1.heartbeat()
    broker.batches.cancel(FLOW)

    assert [inspection.retry(node) for node in "abc"] == [False] * 3
    assert states(inspection, *"abc") == ["dead", "discarded", "discarded"]


def test_a_workflow_that_is_cancelled_before_it_is_sealed_leaves_nothing(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.batches.open(NewBatch(id=FLOW, is_workflow=True))
    broker.batches.add_nodes(FLOW, nodes_of(DIAMOND))

    assert broker.batches.cancel(FLOW)
    w1.heartbeat()

    assert broker.batches.find(FLOW) is None
    assert not any(inspection.counts().values())


# --- what is kept ---------------------------------------------------------------------------------


def test_results_are_kept_while_the_workflow_goes_on(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    store(broker, [node("a", result_ttl=0), node("b", "a", run_at=clock.now() + DEAD_KEPT_MS)])
    w1.settle(succeeded(w1.take_one(), result="7"))
    clock.advance(DEAD_KEPT_MS - MINUTE)
    w1.heartbeat()

    assert found(inspection, "a").result == "7"

    clock.advance(MINUTE)
    assert work(w1) == ["b"]


def test_nodes_of_a_workflow_that_succeeded_are_kept_for_their_own_time(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    store(broker, [node("a", result_ttl=MINUTE), node("b", "a", result_ttl=2 * MINUTE)])
    work(w1)
    w1.heartbeat()

    assert states(inspection, "a", "b") == ["succeeded", "succeeded"]

    clock.advance(MINUTE)
    w1.heartbeat()
    assert inspection.find("a") is None
    assert states(inspection, "b") == ["succeeded"]

    clock.advance(MINUTE)
    w1.heartbeat()
    assert inspection.find("b") is None
    assert read(broker).counts == BatchCounts(total=2, succeeded=2)


@pytest.mark.parametrize(("fate", "kept_ms"), [(discarded, BATCH_KEPT_MS), (dead, DEAD_KEPT_MS)])
def test_a_workflow_that_failed_is_forgotten_as_a_whole(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, fate: Any, kept_ms: int
) -> None:
    start(broker, {"a": "", "b": "", "sum": "a b"})
    work(w1, b=fate)
    clock.advance(kept_ms - 1)
    w1.heartbeat()

    assert len(states(inspection, "a", "b", "sum")) == 3

    clock.advance(1)
    w1.heartbeat()
    w1.heartbeat()

    assert broker.batches.find(FLOW) is None
    assert not any(inspection.counts().values())


def test_a_forgotten_workflow_takes_along_the_edges_of_deleted_nodes(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    start(broker, {"a": "", "b": "a"})
    inspection.delete("a")
    clock.advance(BATCH_KEPT_MS)
    w1.heartbeat()
    clock.advance(BATCH_KEPT_MS)
    w1.heartbeat()
    w1.heartbeat()

    assert not any(inspection.counts().values())


# --- bounded work ---------------------------------------------------------------------------------


def test_a_call_follows_a_bounded_number_of_edges(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    wide = {"a": ""} | {f"n{n}": "a" for n in range(EDGES_PER_CALL + 10)}
    start(broker, wide)
    reply = w1.settle(succeeded(w1.take_one()))

    assert inspection.counts()[State.QUEUED] <= EDGES_PER_CALL
    assert reply.due_in == 0

    assert len(work(w1, limit=1000)) == EDGES_PER_CALL + 10


def test_a_failure_flows_down_in_portions(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    deep = {"n0": ""} | {f"n{n}": f"n{n - 1}" for n in range(1, 2 * EDGES_PER_CALL)}
    start(broker, deep)
    reply = w1.settle(dead(w1.take_one()))
    calls = 1
    while reply.due_in == 0:
        reply = w1.settle()
        calls += 1

    assert inspection.counts()[State.DISCARDED] == 2 * EDGES_PER_CALL - 1
    assert 2 <= calls <= 4


def test_many_nodes_may_lead_to_one(broker: Broker, w1: Driver) -> None:
    number = 3 * EDGES_PER_CALL
    start(
        broker,
        {f"n{n}": "" for n in range(number)} | {"sum": " ".join(f"n{n}" for n in range(number))},
    )

    ran = work(w1, limit=1000)

    assert len(ran) == number + 1
    assert ran[-1] == "sum"
