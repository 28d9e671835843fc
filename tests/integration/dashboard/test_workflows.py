"""What the pages of jobs say of the nodes of a workflow."""

from __future__ import annotations

import pytest
from django.test import Client

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.integration.dashboard.helpers import JOB, JOBS, do, shown, words
from tests.support.builders import dead, make_job
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
        assert f'href="{JOBS}?batch=flow"' in html
    assert "Run now" not in page


def test_a_node_that_needs_a_failed_one_is_not_retried(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, 1)
    worker.settle(dead(worker.take_one()))

    html = words(do(operator, "apply_action", do="retry", id="last", job="1"))

    assert "1 job was not retried: another job holds its lock, or one that it needs has" in html
