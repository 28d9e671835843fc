"""Jobs that get ready in one call stand in their queues in an order that is defined."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import BATCH_HELD_MS, MAX_CRASHES
from django_jobs.brokers.inspection.base import Inspection, JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.brokers.messages import QueueQuota
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import State
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import dead, limited, make_job, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids

NAMES = "hcaegbfd"
"""Batches in an order that is neither that of their names nor that of a hash table."""


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


def open_batch(broker: Broker, name: str, event: BatchEvent) -> None:
    """Open a batch with a callback of the same name."""
    callbacks = {event: make_job(id=name, queue="callbacks")}
    broker.batches.open(NewBatch(id=f"batch-{name}", callbacks=callbacks))


def test_callbacks_start_in_the_order_in_which_their_batches_changed(
    broker: Broker, w1: Driver
) -> None:
    for name in sorted(NAMES):
        open_batch(broker, name, BatchEvent.END)
        jobs = [make_job(id=f"{name}{n}", batch=f"batch-{name}") for n in (1, 2)]
        broker.batches.add(jobs, Membership(f"batch-{name}"))
        broker.batches.close(f"batch-{name}")
    claims = {claim.job.id: claim for claim in w1.take(2 * len(NAMES))}

    w1.settle(*(succeeded(claims[f"{name}1"]) for name in NAMES))
    w1.settle(*(succeeded(claims[f"{name}2"]) for name in NAMES))

    assert "".join(ids(w1.take(9, "callbacks"))) == NAMES


def test_what_waits_for_a_node_comes_before_the_callback_of_its_batch(
    broker: Broker, w1: Driver
) -> None:
    callbacks = {BatchEvent.DEATH: make_job(id="callback")}
    broker.batches.open(NewBatch(id="flow", callbacks=callbacks, is_workflow=True))
    edge = Edge(EdgeKind.END, "other")
    nodes = [
        NewNode(make_job(id="first", batch="flow")),
        NewNode(make_job(id="other", batch="flow")),
        NewNode(make_job(id="after", batch="flow"), (edge,)),
    ]
    broker.batches.add_nodes("flow", nodes)
    broker.batches.close("flow")

    w1.settle(*map(dead, w1.take(2)))

    assert ids(w1.take(9)) == ["after", "callback"]


def test_batches_whose_blocks_vanished_end_by_since_when_they_are_silent(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    for name in NAMES:
        open_batch(broker, name, BatchEvent.DEATH)
        clock.advance(1)
    broker.batches.add([make_job(id="job", batch="batch-h")], Membership("batch-h"))

    clock.advance(BATCH_HELD_MS)
    w1.heartbeat()

    assert "".join(ids(w1.take(9, "callbacks"))) == NAMES[1:] + NAMES[0]


def test_members_that_died_at_the_same_time_are_retried_by_their_ids(
    broker: Broker, w1: Driver
) -> None:
    broker.batches.open(NewBatch(id="batch"))
    members = [make_job(id=name, batch="batch") for name in NAMES]
    broker.batches.add(members, Membership("batch"))
    broker.batches.close("batch")
    w1.settle(*map(dead, w1.take(9)))

    broker.batches.retry_dead("batch")

    assert ids(w1.take(9)) == sorted(NAMES)


def test_due_jobs_of_all_queues_arrive_in_the_order_of_their_times(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver
) -> None:
    """It shows when they come together in one queue, as they keep their places there."""
    later = [clock.now() + 1_000 + n for n in range(4)]
    queues = ["a", "b", "a", "b"]
    broker.push([make_job(id=f"j{n}", queue=queues[n], run_at=later[n]) for n in (3, 0, 2, 1)])
    clock.advance(2_000)
    w1.settle()

    inspection.move(["j0", "j2"], "a", "b")

    assert ids(w1.take(9, "b")) == ["j0", "j1", "j2", "j3"]


def test_jobs_that_an_operator_cancels_together_are_cancelled_each(
    broker: Broker, inspection: Inspection
) -> None:
    """What follows from the end of one comes behind what was asked for."""
    broker.batches.open(NewBatch(id="flow", is_workflow=True))
    needed = Edge(EdgeKind.SUCCESS, "first")
    nodes = [
        NewNode(make_job(id="first", batch="flow")),
        NewNode(make_job(id="second", batch="flow"), (needed,)),
    ]
    broker.batches.add_nodes("flow", nodes)
    broker.batches.close("flow")

    wanted = Filter(states=JobAction.CANCEL.states)
    count = Finder(inspection, wanted).apply(JobAction.CANCEL)

    assert (count.number, count.locked) == (2, 0)
    assert [found(inspection, name).state for name in ("first", "second")] == [State.DISCARDED] * 2
    assert found(inspection, "second").failures == ()


def test_a_job_stays_where_it_waits_if_another_one_takes_the_slot_first(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    """The one before it in the queue takes the last slots of both limits that it needs."""
    mail, api = JobLimit("mail", 1), JobLimit("api", 2, 60_000)
    broker.push([limited("holds", mail)])
    (claim,) = w1.take(1)
    broker.push([limited("waits", api, mail), limited("starts", api)])
    assert ids(w1.take(1)) == ["starts"]
    broker.push([limited("first", api, mail, priority=1), make_job(id="last")])

    assert ids(w1.exchange("default", limit=2, settlements=[succeeded(claim)]).claims) == [
        "first",
        "last",
    ]

    assert found(inspection, "waits").waits_for == mail


def test_a_claim_that_takes_the_last_start_of_a_period_says_when_the_next_one_may_follow(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    """Whatever else is left in the queue."""
    broker.push([limited(name, JobLimit("api", 1, 60_000)) for name in "abc"])
    assert ids(w1.take(3)) == ["a"]
    broker.push([make_job(priority=-1)])
    clock.advance(60_000)

    reply = w1.exchange("default", limit=1)

    assert (ids(reply.claims), reply.due_in) == (["b"], 60_000)


def test_a_job_that_must_run_apart_does_not_wait_for_a_slot_that_another_one_takes(
    broker: Broker, inspection: Inspection, clock: Clock, w1: Driver, w2: Driver
) -> None:
    """It is looked at once in a call."""
    mail = JobLimit("mail", 1)
    broker.push([make_job(id="alone"), limited("apart", mail)])
    for _ in range(MAX_CRASHES - 1):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    broker.push([limited("other", mail)])

    assert ids(w1.exchange(QueueQuota("default", 3), limit=5).claims) == ["alone", "other"]
    assert found(inspection, "apart").state is State.QUEUED
