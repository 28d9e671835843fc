"""What the pages of jobs say of the nodes of a workflow."""

from __future__ import annotations

import pytest
from django.test import Client

from django_jobs.backends.base import JobBackend
from django_jobs.dashboard.node_neighbours import SHOWN
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.integration.dashboard.helpers import JOB, JOBS, do, shown, words
from tests.integration.dashboard.test_workflows_pages import WORKFLOW
from tests.integration.dashboard.test_workflows_pages import store as store_shape
from tests.support.builders import dead, make_job, succeeded
from tests.support.driver import Driver


def store(backend: JobBackend, number: int) -> None:
    """Store a workflow whose last node needs the success of so many others."""
    nodes = [NewNode(make_job(id=f"n{n}", batch="flow")) for n in range(number)]
    edges = tuple(Edge(EdgeKind.SUCCESS, one.job.id) for one in nodes)
    last = NewNode(make_job(id="last", batch="flow"), edges)
    batches = backend.broker.batches
    batches.open(NewBatch(id="flow", is_workflow=True))
    batches.add_nodes("flow", [*nodes, last])
    batches.close("flow")


@pytest.mark.parametrize(("number", "jobs"), [(1, "1 other job"), (3, "3 other jobs")])
def test_a_waiting_node_says_how_many_others_it_waits_for(
    onlooker: Client, backend: JobBackend, number: int, jobs: str
) -> None:
    store(backend, number)

    page, listed = shown(onlooker, JOB, id="last"), shown(onlooker, JOBS, state="waiting")

    for html in (page, listed):
        assert f"Waits for {jobs} of the workflow: flow" in words(html)
        assert f'href="{WORKFLOW}?id=flow"' in html
    assert "Run now" not in page


def test_a_node_that_needs_a_failed_one_is_not_retried(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, 1)
    worker.settle(dead(worker.take_one()))

    html = words(do(operator, "apply_action", do="retry", job="last"))

    assert (
        "1 job was not retried: another job holds its lock, one that it needs has failed, or"
        in html
    )


def part(html: str, name: str) -> str:
    """A section of the page of a job, as text."""
    return words(html.partition(f'id="{name}"')[2].partition("</section>")[0]).partition("> ")[2]


def test_the_page_of_a_node_says_of_which_workflow_it_is(
    onlooker: Client, backend: JobBackend
) -> None:
    store_shape(backend, {"a": ""}, name="order")

    html = shown(onlooker, JOB, id="a")

    assert f'href="{WORKFLOW}?id=flow">order</a>' in html
    assert 'id="batch"' not in html
    assert 'id="needs"' not in html
    assert 'id="waiting"' not in html


def test_the_page_of_a_node_links_to_what_it_needs_and_to_what_waits_for_it(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store_shape(backend, {"a": "", "b": "a", "c": "b", "d": "b.ended", "e": "c"})

    html = shown(onlooker, JOB, id="b")

    assert part(html, "needs") == "Needs a queued"
    waiting = "Jobs that wait for this one c waiting d only its end waiting"
    assert part(html, "waiting") == waiting
    for name in "acd":
        assert f'href="{JOB}?id={name}"' in html

    worker.settle(succeeded(worker.take_one()))
    assert part(shown(onlooker, JOB, id="b"), "needs") == "Needs a succeeded"


def test_of_many_neighbours_the_first_are_shown(onlooker: Client, backend: JobBackend) -> None:
    store(backend, SHOWN + 5)

    assert "and 5 more" in part(shown(onlooker, JOB, id="last"), "needs")


def test_a_dead_node_of_a_cancelled_workflow_offers_no_retry(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    store_shape(backend, {"a": "", "b": ""})
    worker.settle(dead(worker.take_one()))
    assert 'id="called-off"' not in shown(operator, JOB, id="a")
    [flow] = backend.broker.batches.list(workflows=True)
    backend.broker.batches.cancel(flow.id)

    html = shown(operator, JOB, id="a")

    assert "so this job cannot be retried." in html.partition('id="called-off"')[2]
    assert 'value="retry"' not in html
    assert 'value="delete"' in html


def test_a_node_that_needs_a_failed_one_names_it_and_offers_no_retry(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    store_shape(backend, {"a": "", "b": "a", "c": "b"})
    worker.settle(dead(worker.take_one()))
    worker.exchange("default")

    html = shown(operator, JOB, id="c")

    assert part(html.replace("</p>", "</section>"), "needs-failed").endswith("succeeds: a dead")
    assert f'href="{JOB}?id=a"' in html.partition('id="needs-failed"')[2].partition("</p>")[0]
    assert 'value="retry"' not in html
    assert 'value="delete"' in html
    assert "No attempts yet." in html
    assert 'value="retry"' in shown(operator, JOB, id="a")
    assert 'id="needs-failed"' not in shown(operator, JOB, id="a")


def test_a_node_whose_needed_one_was_deleted_offers_no_retry(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    store_shape(backend, {"a": "", "b": "a"})
    backend.broker.inspection.delete("a")
    worker.exchange("default")

    html = shown(operator, JOB, id="b")

    assert "because another one has failed that it needs. " in words(html) + " "
    assert "no longer kept" in part(html, "needs")
    assert 'value="retry"' not in html


def test_a_node_that_a_running_one_adds_says_so(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, 0)
    claim = worker.take_one()
    added = [NewNode(make_job(id="added", batch="flow"))]
    backend.broker.batches.grow(added, Membership("flow", "last", claim.token))

    page, listed = shown(operator, JOB, id="added"), shown(operator, JOBS, state="waiting")

    for html in (page, listed):
        assert "Waits for the success of the job that adds it: last" in words(html)
        assert f'href="{JOB}?id=last"' in html
