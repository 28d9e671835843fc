"""Limits, locks, turns, batches and workflows on the same jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import LIMITS_MET
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.jobs.batches import BatchRecord, BatchState, NewBatch
from django_jobs.jobs.limits import JobLimit, LimitKind, limit_id
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Claim, Job, Lock, OnConflict, Settlement, State, Turn
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    limit_reached,
    limited,
    make_job,
    retrying,
    succeeded,
)
from tests.support.clock import Clock
from tests.support.driver import Driver, check_with_doctor, found, ids

MINUTE = 60_000
MAIL = limit_id(LimitKind.LIMIT, "mail")


@pytest.fixture(autouse=True)
def nothing_left_for_the_doctor(broker: Broker) -> Any:
    yield
    check_with_doctor(broker)


def mail(n: int = 1) -> JobLimit:
    return JobLimit("mail", n)


def api(n: int = 1) -> JobLimit:
    return JobLimit("api", n, MINUTE)


def member(name: str, *limits: JobLimit, **changes: Any) -> Job:
    return make_job(id=name, batch="b", limits=limits, **changes)


def filled(broker: Broker, *jobs: Job) -> None:
    broker.batches.open(NewBatch(id="b"))
    broker.batches.add(jobs, Membership("b"))
    broker.batches.close("b")


def flow(broker: Broker, shape: Mapping[str, str], *limits: JobLimit) -> None:
    nodes = [
        NewNode(
            make_job(id=name, batch="b", limits=limits),
            tuple(Edge(EdgeKind.SUCCESS, one) for one in needs.split()),
        )
        for name, needs in shape.items()
    ]
    broker.batches.open(NewBatch(id="b", is_workflow=True))
    broker.batches.add_nodes("b", nodes)
    broker.batches.close("b")


def read(broker: Broker) -> BatchRecord:
    record = broker.batches.find("b")
    assert record is not None
    return record


def are_free(broker: Broker) -> bool:
    """Return whether no slot of the limit "mail" is taken."""
    return not broker.inspection.limits.read(MAIL, [""])[0].used


def settle_all(worker: Driver, **fates: Callable[[Claim], Settlement]) -> list[str]:
    """Run what can run until nothing is left; return it in order."""
    ran: list[str] = []
    reply = worker.exchange("default", limit=10)
    while reply.claims or reply.due_in == 0:
        ran += ids(reply.claims)
        ends = [fates.get(one.job.id, succeeded)(one) for one in reply.claims]
        reply = worker.exchange("default", limit=10, settlements=ends)
    return ran


def test_members_that_wait_for_a_slot_end_in_their_turn(broker: Broker, w1: Driver) -> None:
    filled(broker, *(member(name, mail()) for name in "abc"))
    assert settle_all(w1) == ["a", "b", "c"]
    assert read(broker).state is BatchState.SUCCEEDED
    assert are_free(broker)


def test_members_of_a_cancelled_batch_do_not_begin_to_wait_for_slots(
    broker: Broker, w1: Driver, w2: Driver
) -> None:
    broker.push([limited("holder", mail()), limited("waits", mail())])
    (claim,) = w1.take(5)  # so another job waits already when the members are claimed
    filled(broker, *(member(name, mail()) for name in "abc"))
    broker.batches.cancel("b")

    assert w2.take(5) == ()
    assert read(broker).counts.discarded == 3
    w1.settle(succeeded(claim))
    assert ids(w2.take(5)) == ["waits"]


def test_members_of_a_cancelled_batch_take_no_slots(broker: Broker, w1: Driver) -> None:
    filled(broker, *(member(name, mail(), api(2)) for name in "abc"))
    claim = w1.take(5)[0]
    broker.batches.cancel("b")
    broker.push([limited("d", mail(), api(2))])
    w1.settle(succeeded(claim))
    claims = w1.take(5) or w1.take(5)
    assert ids(claims) == ["d"]
    record = read(broker)
    assert record.ended_at is not None
    assert (record.counts.succeeded, record.counts.discarded) == (1, 2)


@pytest.mark.parametrize("action", ["cancel", "delete", "clear"])
def test_a_member_that_waits_for_a_slot_is_taken_away(
    broker: Broker, inspection: Inspection, w1: Driver, action: str
) -> None:
    filled(broker, *(member(name, mail()) for name in "ab"))
    claim = w1.take(5)[0]
    assert found(inspection, "b").state is State.WAITING
    if action == "clear":
        assert inspection.clear("default") == 1
    else:
        assert getattr(inspection, action)("b")
    w1.settle(succeeded(claim))
    assert read(broker).state is BatchState.FAILED
    assert inspection.counts()[State.WAITING] == 0


def test_a_member_that_waits_for_a_slot_is_moved(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    filled(broker, *(member(name, mail()) for name in "ab"))
    claim = w1.take(5)[0]
    assert inspection.move(["b"], "default", "other") == ("b",)
    w1.settle(succeeded(claim))
    w1.settle(*map(succeeded, w1.take(5, "other")))
    assert read(broker).state is BatchState.SUCCEEDED


@pytest.mark.parametrize("kind", ["retry", "move", "delete", "cancel"])
def test_a_node_that_waits_for_others_is_no_job_that_waits_for_a_slot(
    broker: Broker, inspection: Inspection, w1: Driver, kind: str
) -> None:
    flow(broker, {"a": "", "b": "a"}, mail())
    assert found(inspection, "b").state is State.WAITING
    if kind == "retry":
        assert not inspection.retry("b")
    elif kind == "move":
        assert inspection.move(["b"], "default", "other") == ()
    else:
        assert getattr(inspection, kind)("b")
    settle_all(w1)
    assert read(broker).ended_at is not None


def test_a_node_waits_for_others_and_then_for_a_slot(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    flow(broker, {"a": "", "b": "a", "c": "a", "d": "b c"}, mail())
    assert settle_all(w1) == ["a", "b", "c", "d"]
    assert are_free(broker)


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_a_node_that_waits_for_a_slot_is_taken_away_with_what_needs_it(
    broker: Broker, inspection: Inspection, w1: Driver, action: str
) -> None:
    flow(broker, {"a": "", "b": "", "c": "b"}, mail())
    claim = w1.take(5)[0]
    waits = "b" if claim.job.id == "a" else "a"
    assert found(inspection, waits).state is State.WAITING
    assert getattr(inspection, action)(waits)
    w1.settle(succeeded(claim))
    settle_all(w1)
    assert read(broker).ended_at is not None
    assert inspection.counts()[State.WAITING] == 0


def test_a_failure_in_a_workflow_with_one_slot_frees_it(broker: Broker, w1: Driver) -> None:
    flow(broker, {"a": "", "b": "a", "c": "a", "d": "b c", "e": ""}, mail())
    settle_all(w1, b=dead)
    assert are_free(broker)
    broker.inspection.retry("b")
    settle_all(w1)
    assert read(broker).state is BatchState.SUCCEEDED
    assert are_free(broker)


ENDS: Mapping[str, Callable[[Claim], Settlement]] = {
    "succeeded": succeeded,
    "dead": dead,
    "discarded": discarded,
    "retrying": partial(retrying, delay=0),
    "given back": given_back,
    "limit reached": partial(limit_reached, delay=0),
}


@pytest.mark.parametrize("way", [*ENDS, "closed", "lost"])
def test_a_claim_with_a_lock_a_batch_and_slots_lets_all_of_them_go(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver, way: str
) -> None:
    lock = Lock("d1", on_conflict=OnConflict.RETURN)
    filled(broker, member("a", mail(), api(9), lock=lock))
    claim = w1.take_one()
    assert not are_free(broker)
    match way:
        case "closed":
            w1.close()
        case "lost":
            w1.vanish(clock, noticed_by=w2)
        case _:
            w1.settle(ENDS[way](claim))
    assert are_free(broker)
    settle_all(w2)
    assert read(broker).ended_at is not None
    assert broker.push([make_job(id="z", lock=lock)]) == ["z"]


def test_a_member_that_meets_a_limit_too_often_counts_as_dead(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    filled(broker, member("a", api(9)))
    for _ in range(LIMITS_MET + 1):
        w1.settle(limit_reached(w1.take_one()))
        clock.advance(MINUTE)
        w1.heartbeat()
    assert read(broker).counts.dead == 1


def test_an_expired_member_takes_no_slot(broker: Broker, clock: Clock, w1: Driver) -> None:
    filled(broker, member("a", mail()), member("b", mail(), expires_at=clock.now() + 1))
    claim = w1.take(5)[0]
    clock.advance(MINUTE)
    w1.heartbeat()
    w1.settle(succeeded(claim))
    assert ids(w1.take(5)) == ["b"]
    assert are_free(broker)


def test_both_kinds_of_waiting_jobs_are_listed_and_searched(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    flow(broker, {"a": "", "b": "a", "c": "b"}, mail())
    claim = w1.take_one()
    broker.push([limited("d", mail()), limited("e", mail(), queue="other")])
    w1.take(5, "default", "other")
    assert inspection.counts()[State.WAITING] == 4
    assert sorted(ids(inspection.jobs(State.WAITING))) == ["b", "c", "d", "e"]
    finder = Finder(inspection, Filter(states=frozenset({State.WAITING})))
    pages = [finder.page(limit=1)]
    while pages[-1].end:
        pages.append(finder.page(limit=1, after=pages[-1].end))
    seen = [record.job.id for page in pages for record in page.records]
    assert sorted(seen) == ["b", "c", "d", "e"]
    w1.settle(succeeded(claim))


def test_jobs_of_a_member_with_turns_and_a_limit(broker: Broker, w1: Driver) -> None:
    filled(broker, *(member(f"a{n}", mail(), turn=Turn("A", 1)) for n in range(3)))
    claim = w1.take(5)[0]
    broker.push([make_job(id="x", turn=Turn("B", 1))])
    assert ids(w1.take(5)) == ["x"]
    w1.settle(succeeded(claim))
    assert len(settle_all(w1)) == 2
