"""Workflows and chains, as those meet them who write them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from django_jobs import Batch, Chain, Limit, Unique, Workflow
from django_jobs.backends import JobBackend
from django_jobs.clock import now_ms
from django_jobs.compat import TaskResultStatus, task_enqueued
from django_jobs.errors import (
    BatchNotFound,
    InvalidWorkflow,
    QueueFull,
    UnserializableArgument,
    WorkflowNotFound,
)
from django_jobs.jobs.batches import BatchCounts, BatchState
from django_jobs.jobs.metadata import UnusableMetadata
from django_jobs.jobs.records import State
from django_jobs.testing import assert_enqueued, run_enqueued
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.waiting import DEADLINE, wait_until

committing = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["thread_pool", "redis"])
def waiting(configure: Configure, request: pytest.FixtureRequest) -> JobBackend:
    """A backend without a worker."""
    return configure("dummy" if request.param == "thread_pool" else "redis")


def counts(backend: JobBackend) -> dict[State, int]:
    return {state: count for state, count in backend.broker.inspection.counts().items() if count}


# --- with workers -------------------------------------------------------------------------------


def test_nodes_get_the_results_of_others(backend: JobBackend) -> None:
    flow = Workflow("words", metadata={"tenant": 7})
    first = flow.add(tasks.repeat, "a", 2)
    second = flow.add(tasks.repeat_later, first.result, 2)
    both = flow.add(tasks.echo, first, [second.result], kept={"second": second})
    results = flow.enqueue()

    assert flow.wait(DEADLINE) is BatchState.SUCCEEDED
    assert [result.id for result in results] == [first.id, second.id, both.id]
    results[2].refresh()
    assert results[2].return_value == [["aa", ["aaaa"]], {"kept": {"second": "aaaa"}}]
    found = Workflow.get(flow.id)
    assert (found.name, found.metadata) == ("words", {"tenant": 7})
    assert found.counts == BatchCounts(total=3, succeeded=3)


def test_a_chain_passes_results_on(backend: JobBackend) -> None:
    chain = (
        Chain("letters").add(tasks.repeat, "a", 2).add(tasks.repeat, 2).add(tasks.repeat, times=2)
    )
    results = chain.enqueue()

    assert Workflow.get(chain.id).wait(DEADLINE) is BatchState.SUCCEEDED
    results[-1].refresh()
    assert results[-1].return_value == "aaaaaaaa"


def test_a_failure_with_workers(backend: JobBackend) -> None:
    flow = Workflow()
    bad = flow.add(tasks.fail, "value")
    flow.add(tasks.note, bad)
    flow.add(tasks.note, "cleaned up", after=[bad.ended])
    flow.enqueue()

    assert flow.wait(DEADLINE) is BatchState.FAILED
    assert tasks.seen[-1] == "cleaned up"


# --- run by a test ------------------------------------------------------------------------------


def test_a_test_runs_a_workflow_to_its_end(waiting: JobBackend) -> None:
    flow = Workflow()
    first = flow.add(tasks.note, 1)
    second = flow.add(tasks.note, 2, after=first)
    flow.add(tasks.note, 3, after=[first, second])
    flow.enqueue()

    ran = run_enqueued()

    assert tasks.seen == [1, 2, 3]
    assert len(ran) == 3
    assert Workflow.get(flow.id).state is BatchState.SUCCEEDED


@pytest.mark.parametrize("value", [date(2026, 1, 2), Decimal("1.5"), {"$date": 1}, [None], ""])
def test_results_keep_their_types(waiting: JobBackend, value: Any) -> None:
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.give_back, value))
    flow.enqueue()

    run_enqueued()

    assert tasks.seen == [value]


def test_a_dead_node_is_retried_with_what_needs_it(waiting: JobBackend) -> None:
    flow = Workflow()
    bad = flow.add(tasks.fail_if, True)
    flow.add(tasks.note, bad)
    results = flow.enqueue()
    run_enqueued(raise_errors=False, retries=True)

    assert Workflow.get(flow.id).counts == BatchCounts(total=2, dead=1, discarded=1)
    results[1].refresh()
    assert results[1].status is TaskResultStatus.FAILED
    assert results[1].errors[0].exception_class_path == "django_jobs.errors.UpstreamFailed"

    tasks.seen.append("repaired")
    assert flow.retry_dead() == 1
    run_enqueued()

    assert Workflow.get(flow.id).state is BatchState.SUCCEEDED


def test_a_node_that_expires_while_it_waits_does_not_run(waiting: JobBackend) -> None:
    flow = Workflow()
    first = flow.add(tasks.note, 1)
    late = flow.add(tasks.note.using(expires=0.001), 2, after=first)
    flow.add(tasks.note, 3, after=late)
    results = flow.enqueue()
    enqueued = now_ms()
    wait_until(lambda: now_ms() > enqueued + 10, "the time of the second job")

    run_enqueued(raise_errors=False)

    assert tasks.seen == [1]
    assert Workflow.get(flow.id).counts == BatchCounts(total=3, succeeded=1, discarded=2)
    results[1].refresh()
    assert results[1].errors[0].exception_class_path == "django_jobs.errors.JobExpired"


def test_a_cancelled_workflow_runs_nothing_more(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.note, 1))
    flow.enqueue()

    assert flow.cancel()
    run_enqueued()

    assert tasks.seen == []
    assert Workflow.get(flow.id).counts == BatchCounts(total=2, discarded=2)


def test_a_result_that_is_gone_ends_the_node(waiting: JobBackend) -> None:
    flow = Workflow()
    first = flow.add(tasks.note, 1)
    second = flow.add(tasks.note, first, after=flow.add(tasks.delete_job, first.id, after=first))
    results = flow.enqueue()

    run_enqueued(raise_errors=False)

    results[2].refresh()
    assert results[2].errors[0].exception_class_path == "django_jobs.errors.UnusableResult"
    assert waiting.broker.inspection.find(second.id) is not None


def test_large_results_are_refused(waiting: JobBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_jobs.brokers.batches.RESULTS_BYTES", 5)
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.repeat, "a", 10))
    results = flow.enqueue()

    run_enqueued(raise_errors=False)

    results[1].refresh()
    assert results[1].errors[0].exception_class_path == "django_jobs.errors.UnusableResult"


def test_inline_a_workflow_runs_where_it_is_enqueued(configure: Configure) -> None:
    configure("inline")
    flow = Workflow()
    first = flow.add(tasks.repeat, "a", 2)
    flow.add(tasks.note, first)
    bad = flow.add(tasks.fail, "value")
    flow.add(tasks.note, "never", after=bad)

    results = flow.enqueue()

    assert "aa" in tasks.seen
    assert "never" not in tasks.seen
    assert [result.status for result in results] == [
        TaskResultStatus.SUCCESSFUL,
        TaskResultStatus.SUCCESSFUL,
        TaskResultStatus.FAILED,
        TaskResultStatus.FAILED,
    ]
    assert results[0].return_value == "aa"


def test_a_coroutine_enqueues_a_workflow(configure: Configure) -> None:
    configure("dummy")

    async def enqueue() -> Workflow:
        flow = Workflow()
        flow.add(tasks.note, 1)
        await flow.aenqueue()
        await flow.arefresh()
        return flow

    assert asyncio.run(enqueue()).counts == BatchCounts(total=1, open=1)


def test_nodes_are_announced_as_jobs_are(waiting: JobBackend) -> None:
    heard: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append(task_result.id)

    task_enqueued.connect(receive)
    try:
        flow = Workflow()
        flow.add(tasks.note, flow.add(tasks.note, 1))
        results = flow.enqueue()
    finally:
        task_enqueued.disconnect(receive)

    assert heard == [result.id for result in results]


def test_nodes_that_wait_were_enqueued(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.repeat, "a", 2, after=flow.add(tasks.note, 1))
    flow.enqueue()

    assert_enqueued(tasks.note, args=[1])
    assert_enqueued(tasks.repeat)


def test_the_dummy_backend_lists_nodes(configure: Configure) -> None:
    backend: Any = configure("dummy")
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.note, 1))
    results = flow.enqueue()

    assert [result.id for result in backend.results] == [result.id for result in results]
    backend.clear()
    assert backend.results == []


# --- transactions -------------------------------------------------------------------------------


@committing
def test_in_a_transaction_a_workflow_waits_for_the_commit(waiting: JobBackend) -> None:
    with transaction.atomic():
        flow = Workflow()
        flow.add(tasks.note.using(enqueue_on_commit=False), 1)
        (result,) = flow.enqueue()
        assert counts(waiting) == {}
        with pytest.raises(WorkflowNotFound, match="waits for a commit"):
            Workflow.get(flow.id)

    assert counts(waiting) == {State.QUEUED: 1}
    run_enqueued()
    result.refresh()
    assert result.status is TaskResultStatus.SUCCESSFUL


@committing
def test_a_rollback_leaves_nothing_of_a_workflow(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.note, 1)
    with transaction.atomic():
        flow.enqueue()
        transaction.set_rollback(True)

    assert counts(waiting) == {}


@committing
def test_a_workflow_is_cancelled_in_the_transaction_that_enqueues_it(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.note, 1)
    with transaction.atomic():
        flow.enqueue()
        assert flow.cancel()

    run_enqueued()

    assert tasks.seen == []
    assert Workflow.get(flow.id).counts == BatchCounts(total=1, discarded=1)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda node: Workflow().add(tasks.note, node),
        lambda node: Workflow().add(tasks.note, [{"nested": node}]),
        lambda node: Workflow().add(tasks.note, 1, after=[node]),
        lambda node: Workflow().add(tasks.note, 1, after=node.ended),
    ],
)
def test_a_node_of_another_workflow_is_refused(
    waiting: JobBackend, build: Callable[[Any], Any]
) -> None:
    with pytest.raises(InvalidWorkflow, match="another workflow"):
        build(Workflow().add(tasks.note, 1))


@pytest.mark.parametrize("after", ["abc", 5, ["abc"], [None], {"a": 1}])
def test_after_takes_nodes_alone(waiting: JobBackend, after: Any) -> None:
    with pytest.raises(InvalidWorkflow, match="after"):
        Workflow().add(tasks.note, 1, after=after)


def test_a_workflow_is_enqueued_once(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.note, 1)
    flow.enqueue()

    with pytest.raises(InvalidWorkflow, match="enqueued already"):
        flow.enqueue()
    with pytest.raises(InvalidWorkflow, match="enqueued already"):
        flow.add(tasks.note, 2)
    with pytest.raises(InvalidWorkflow, match="enqueued already"):
        Workflow.get(flow.id).add(tasks.note, 2)


def test_an_empty_workflow_is_refused(waiting: JobBackend) -> None:
    with pytest.raises(InvalidWorkflow, match="no jobs"):
        Workflow().enqueue()
    with pytest.raises(InvalidWorkflow, match="no jobs"):
        Chain().enqueue()


def test_an_argument_that_cannot_travel_is_refused_where_it_is_written(waiting: JobBackend) -> None:
    with pytest.raises(UnserializableArgument):
        Workflow().add(tasks.note, object())


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (lambda node: node.ended, r"after=\[…\]"),
        (lambda node: [{"a": (node.ended,)}], r"after=\[…\]"),
        (lambda node: {node: 1}, "a value of the dict"),
        (lambda node: {node.ended: 1}, "a value of the dict"),
        (lambda node: [{node}], "an item of a list"),
        (lambda node: frozenset([node]), "an item of a list"),
    ],
)
def test_a_node_where_no_result_can_be_is_refused(
    waiting: JobBackend, argument: Callable[[Any], Any], message: str
) -> None:
    flow = Workflow()
    node = flow.add(tasks.note, 1)

    with pytest.raises(InvalidWorkflow, match=message):
        flow.add(tasks.note, argument(node))


@pytest.mark.parametrize(
    "task",
    [
        tasks.note_fairly,
        tasks.note.using(limits=Limit(1, by="value")),
        tasks.note.using(limits=Limit(1, by="value.customer")),
        tasks.note.using(limits=Limit(1, by=lambda value: ("a", value))),
    ],
)
def test_a_result_is_no_key(waiting: JobBackend, task: Any) -> None:
    flow = Workflow()
    node = flow.add(tasks.note, 1)

    with pytest.raises(UnserializableArgument, match=r"result of another job.*Name another"):
        flow.add(task, node)


def test_collections_hold_results(waiting: JobBackend) -> None:
    flow = Workflow()
    node = flow.add(tasks.repeat, "a", 2)
    flow.add(tasks.note, deque([node, OrderedDict(key=node)]))
    flow.enqueue()

    run_enqueued()

    assert tasks.seen == [["aa", {"key": "aa"}]]


def test_a_node_is_no_argument_of_other_calls(waiting: JobBackend) -> None:
    node = Workflow().add(tasks.note, 1)

    with pytest.raises(UnserializableArgument, match=r"Workflow\.add"):
        tasks.note.enqueue(node)


def test_a_node_is_no_part_of_a_text(backend: JobBackend) -> None:
    node = Workflow().add(tasks.note, 1)

    with pytest.raises(TypeError, match="is not known yet, so it cannot be a part of a text"):
        f"receipt: {node.result}"
    assert node.id in f"{node!r}"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Workflow().add("note"), "is no task"),  # type: ignore[call-overload]
        (lambda: Workflow().add(tasks.note.using(unique=Unique()), 1), "unique="),
        (lambda: Workflow(name="x" * 201), "200 characters"),
    ],
)
def test_what_cannot_be_a_node_is_refused(
    waiting: JobBackend, build: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        build()


def test_metadata_must_be_json(waiting: JobBackend) -> None:
    with pytest.raises(UnusableMetadata):
        Workflow(metadata={"a": object()})


def test_a_batch_is_no_workflow(waiting: JobBackend) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.note, 1)
    flow = Workflow()
    flow.add(tasks.note, 1)
    flow.enqueue()

    with pytest.raises(WorkflowNotFound):
        Workflow.get(batch.id)
    with pytest.raises(BatchNotFound):
        Batch.get(flow.id)


def test_a_workflow_that_finds_no_room_is_not_stored(configure: Configure) -> None:
    backend = configure("thread_pool", max_queued=1, full_timeout=0.01)
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.note, 1))

    with pytest.raises(QueueFull):
        flow.enqueue()

    assert not any(backend.broker.inspection.counts().values())


def test_a_job_enqueues_a_workflow(backend: JobBackend) -> None:
    tasks.enqueue_workflow.enqueue()

    wait_until(lambda: 2 in tasks.seen, "the second node")

    assert tasks.seen.index(1) < tasks.seen.index(2)
