"""Jobs that add others to their workflow while they run."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from django_jobs import Workflow
from django_jobs.backends import JobBackend
from django_jobs.errors import InvalidWorkflow
from django_jobs.jobs.batches import BatchCounts, BatchState
from django_jobs.testing import run_enqueued
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.waiting import DEADLINE


@pytest.fixture(params=["thread_pool", "redis"])
def waiting(configure: Configure, request: pytest.FixtureRequest) -> JobBackend:
    """A backend without a worker."""
    return configure("dummy" if request.param == "thread_pool" else "redis")


def splitting(text: str) -> Workflow:
    """Return a stored workflow that counts the letters of each word, and notes the counts."""
    flow = Workflow()
    counted = flow.add(tasks.split, flow.id, text)
    flow.add(tasks.note, counted)
    flow.enqueue()
    return flow


# --- what follows -------------------------------------------------------------------------------


def test_with_workers(backend: JobBackend) -> None:
    flow = splitting("one three")

    assert flow.wait(DEADLINE) is BatchState.SUCCEEDED
    assert tasks.seen[-1] == [3, 5]
    assert flow.counts == BatchCounts(total=4, succeeded=4)


def test_a_test_runs_what_is_added(waiting: JobBackend) -> None:
    flow = splitting("one three")

    ran = run_enqueued()

    assert len(ran) == 4
    assert tasks.seen == [[3, 5]]
    assert Workflow.get(flow.id).state is BatchState.SUCCEEDED


def test_inline(configure: Configure) -> None:
    configure("inline")

    flow = splitting("one three")

    assert tasks.seen == [[3, 5]]
    assert Workflow.get(flow.id).counts == BatchCounts(total=4, succeeded=4)


def test_a_coroutine_adds_jobs(backend: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.split_later, flow.id))
    flow.enqueue()

    assert flow.wait(DEADLINE) is BatchState.SUCCEEDED
    assert tasks.seen[-1] == ["aa"]


@pytest.mark.parametrize("task", [tasks.split_in_steps, tasks.split_in_threads])
def test_one_attempt_adds_jobs_by_several_calls(backend: JobBackend, task: Any) -> None:
    flow = Workflow()
    texts = ["a bb", "ccc", "dddd eeeee", "ffffff"] * 3
    flow.add(tasks.note, flow.add(task, flow.id, texts))
    flow.enqueue()

    assert flow.wait(DEADLINE) is BatchState.SUCCEEDED
    assert tasks.seen[-1] == [1, 2, 3, 4, 5, 6] * 3
    assert flow.counts == BatchCounts(total=20, succeeded=20)


def test_only_the_attempt_that_succeeds_adds_jobs(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.split_at_last, flow.id)
    flow.enqueue()

    run_enqueued(retries=True, raise_errors=False)

    assert tasks.seen == [3]
    assert Workflow.get(flow.id).counts == BatchCounts(total=2, succeeded=2)


def test_a_failure_among_the_added_jobs(waiting: JobBackend) -> None:
    flow = splitting("one bad")
    run_enqueued(raise_errors=False, retries=True)
    assert Workflow.get(flow.id).counts == BatchCounts(total=4, succeeded=2, dead=1, discarded=1)

    tasks.seen.append("repaired")
    assert flow.retry_dead() == 1
    run_enqueued()

    assert tasks.seen[-1] == [3, 3]


# --- results ------------------------------------------------------------------------------------


def test_results_are_read_through_all_levels(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.count_down, flow.id, 5))
    flow.enqueue()

    run_enqueued()

    assert tasks.seen == ["done"]


def test_results_have_no_more_than_so_many_levels(
    waiting: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.serialization.arguments.MAX_DEPTH", 4)
    flow = Workflow()
    flow.add(tasks.note, flow.add(tasks.count_down, flow.id, 5))
    results = flow.enqueue()

    run_enqueued(raise_errors=False)

    results[1].refresh()
    assert results[1].errors[0].exception_class_path == "django_jobs.errors.UnusableResult"


def test_the_result_of_the_job_itself_names_the_others(waiting: JobBackend) -> None:
    flow = Workflow()
    flow.add(tasks.split, flow.id, "one")
    (result,) = flow.enqueue()
    run_enqueued()

    result.refresh()

    assert str(result.return_value).startswith("[<result of ")


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("need an earlier one", "InvalidWorkflow", "only those of the same enqueue()"),
        ("return what is not enqueued", "Fail", "which this attempt has not added"),
        ("return what nobody has enqueued", "Fail", "only Workflow.add() takes it"),
        ("another workflow", "InvalidWorkflow", "belongs to another workflow"),
        ("none", "InvalidWorkflow", "no jobs"),
    ],
)
def test_a_job_adds_nothing_wrong(waiting: JobBackend, how: str, error: str, message: str) -> None:
    flow = Workflow()
    flow.add(tasks.misuse_workflow, flow.id, how)
    (result,) = flow.enqueue()

    run_enqueued(raise_errors=False)

    result.refresh()
    assert result.errors[0].exception_class_path == f"django_jobs.errors.{error}"
    assert message in result.errors[0].traceback
    assert Workflow.get(flow.id).counts.total == 1
    assert tasks.seen == []


def test_nobody_else_adds_jobs(waiting: JobBackend) -> None:
    flow = splitting("one")

    with pytest.raises(InvalidWorkflow, match="in a running job of this one"):
        Workflow.get(flow.id).add(tasks.note, 1)
    with pytest.raises(InvalidWorkflow, match="in a running job of this one"):
        flow.add(tasks.note, 1)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_does_not_hold_up_what_is_added(waiting: JobBackend) -> None:
    flow = splitting("one")

    with transaction.atomic():
        run_enqueued()

    assert Workflow.get(flow.id).state is BatchState.SUCCEEDED
