"""Workflows in tests: they are run to their end, and assertions know them."""

from __future__ import annotations

import pytest

from django_jobs import Workflow
from django_jobs.jobs.batches import BatchState
from django_jobs.testing import (
    assert_batch_enqueued,
    assert_dead,
    assert_discarded,
    assert_enqueued,
    assert_succeeded,
    assert_workflow_enqueued,
    assert_workflow_failed,
    assert_workflow_succeeded,
    override_backend,
    run_enqueued,
)
from tests.integration.testing import tasks

waiting = pytest.mark.usefixtures("waiting")


def enqueue(name: str = "order") -> Workflow:
    """Enqueue a workflow of two jobs, the second of which waits for the first."""
    flow = Workflow(name, metadata={"order": 7})
    flow.add(tasks.note, "last", after=[flow.add(tasks.note, "first")])
    flow.enqueue()
    return flow


@waiting
def test_nodes_run_in_their_order() -> None:
    enqueue()

    assert [job.args for job in run_enqueued()] == [["first"], ["last"]]
    assert assert_workflow_succeeded().counts.succeeded == 2


@waiting
def test_nodes_that_wait_are_enqueued_jobs() -> None:
    enqueue()

    assert_enqueued(tasks.note, args=["last"])


@waiting
def test_a_workflow_that_was_enqueued_is_found_by_what_it_is() -> None:
    flow = enqueue()

    found = assert_workflow_enqueued(name="order", metadata={"order": 7}, total=2)

    assert found.id == flow.id
    assert found.counts.open == 2


@waiting
@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"name": "other"}, "named 'other'"),
        ({"metadata": {}}, "with metadata {}"),
        ({"total": 3}, "of 3 jobs"),
    ],
)
def test_what_differs_is_not_found(wanted: dict[str, object], text: str) -> None:
    enqueue()

    with pytest.raises(AssertionError) as raised:
        assert_workflow_enqueued(**wanted)  # type: ignore[arg-type]

    assert str(raised.value) == (
        f"No workflow {text} was enqueued. These workflows are there:\n"
        "  'order', running: 2 jobs, 2 open"
    )


@waiting
def test_a_failure_ends_what_needs_it() -> None:
    flow = Workflow("order")
    flow.add(tasks.note, "last", after=[flow.add(tasks.fail)])
    flow.enqueue()

    run_enqueued(retries=True, raise_errors=False)

    failed = assert_workflow_failed(name="order", total=2)
    assert (failed.id, failed.state) == (flow.id, BatchState.FAILED)
    assert_dead(tasks.fail)
    assert_discarded(tasks.note, args=["last"])
    for assertion in (assert_workflow_enqueued, assert_workflow_succeeded):
        with pytest.raises(AssertionError, match="'order', failed: 2 jobs, 1 dead, 1 discarded"):
            assertion()


@waiting
def test_a_workflow_is_no_batch() -> None:
    enqueue()

    with pytest.raises(AssertionError, match=r"There are no batches\."):
        assert_batch_enqueued()


@waiting
def test_without_workflows_the_message_says_so() -> None:
    for assertion in (assert_workflow_enqueued, assert_workflow_succeeded, assert_workflow_failed):
        with pytest.raises(AssertionError, match=r"There are no workflows\."):
            assertion()


@override_backend("inline")
def test_inline_a_workflow_ends_where_it_is_enqueued() -> None:
    flow = enqueue()

    assert assert_workflow_succeeded(name="order").id == flow.id
    assert_succeeded(tasks.note, args=["last"])
