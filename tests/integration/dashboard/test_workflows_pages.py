"""The list of workflows, the page of a workflow with its graph, and what can be done to it."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.dashboard.graph_boxes import MOST_BOXES, MOST_IN_COLUMN
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from django_jobs.tasks.redaction.names import MASK
from tests.integration.dashboard.helpers import JOBS, do, shown, words
from tests.integration.dashboard.samples import HOSTILE
from tests.support.builders import dead, make_failure, make_job, succeeded
from tests.support.driver import Driver

WORKFLOWS = reverse("django_jobs_dashboard:workflows")
WORKFLOW = reverse("django_jobs_dashboard:workflow")
DIAMOND = {"top": "", "left": "top", "right": "top", "bottom": "left right"}


def store(
    backend: JobBackend,
    shape: dict[str, str],
    workflow: str = "flow",
    tasks: dict[str, str] | None = None,
    **new: Any,
) -> None:
    """Store a workflow, and start it.

    Args:
        shape: each node with those that it needs; `x.ended` is the end of x.
        tasks: of nodes that have another one than the others.
    """
    nodes = []
    for name, needs in shape.items():
        edges = [
            Edge(EdgeKind.END if one.endswith(".ended") else EdgeKind.SUCCESS, one.split(".")[0])
            for one in needs.split()
        ]
        task = (tasks or {}).get(name, f"shop.tasks.{name}")
        nodes.append(
            NewNode(make_job(id=name, batch=workflow, task=task, arguments="[[],{}]"), tuple(edges))
        )
    batches = backend.broker.batches
    batches.open(NewBatch(id=workflow, is_workflow=True, **new))
    batches.add_nodes(workflow, nodes)
    batches.close(workflow)


def row(html: str, name: str) -> str:
    """The row of a node, as text."""
    return words(html.partition(f'id="node-{name}"')[2].partition("</tr>")[0]).partition("> ")[2]


def boxes(html: str) -> list[str]:
    """The boxes of the graph, as text."""
    graph = html.partition('<svg class="graph"')[2].partition("</svg>")[0]
    return [words(box) for box in re.findall(r'<a class="box.*?</a>', graph, re.DOTALL)]


# --- the list -----------------------------------------------------------------------------------


def test_without_workflows_the_page_says_how_to_enqueue_one(
    onlooker: Client, backend: JobBackend
) -> None:
    html = words(shown(onlooker, WORKFLOWS))

    assert "No workflows yet" in html
    assert "flow = Workflow(" in html


def test_workflows_are_listed_with_their_counts_and_without_batches(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, DIAMOND, name="order")
    backend.broker.batches.open(NewBatch(id="b1"))
    worker.settle(succeeded(worker.take_one()))

    html = shown(onlooker, WORKFLOWS)

    assert "1 workflow · 1 not ended" in words(html)
    listed = words(html.partition('id="workflow-flow"')[2].partition("</tr>")[0])
    assert listed.partition("> ")[2].startswith("order flow running 1 of 4 25% 1 0 0")
    assert f'href="{WORKFLOW}?id=flow"' in html
    assert "b1" not in html
    assert (
        "flow"
        not in shown(onlooker, reverse("django_jobs_dashboard:batches"))
        .partition('id="batch-b1"')[2]
        .partition("</table>")[0]
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "running"}, {"f1", "f2"}),
        ({"text": "ORDER"}, {"f1"}),
        ({"text": "f2"}, {"f2"}),
        ({"state": "failed"}, set()),
    ],
)
def test_workflows_are_found_by_state_and_name(
    onlooker: Client, backend: JobBackend, query: dict[str, str], expected: set[str]
) -> None:
    store(backend, {"a": ""}, "f1", name="order of books")
    store(backend, {"b": ""}, "f2")

    html = shown(onlooker, WORKFLOWS, **query)

    assert {name for name in ("f1", "f2") if f'id="workflow-{name}"' in html} == expected
    assert expected or "No workflows match" in html


def test_the_overview_counts_workflows_that_have_not_ended(
    onlooker: Client, backend: JobBackend
) -> None:
    store(backend, DIAMOND)
    html = shown(onlooker, reverse("django_jobs_dashboard:overview"))

    assert f'id="tile-workflows"><dt>Workflows, not ended</dt><dd><a href="{WORKFLOWS}">1<' in html


# --- one workflow -------------------------------------------------------------------------------


def test_a_workflow_is_shown_with_its_progress_counts_and_metadata(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, DIAMOND, name="order", metadata='{"order":7,"password":"sesame"}')
    worker.settle(succeeded(worker.take_one()))

    html = shown(onlooker, WORKFLOW, id="flow")

    assert '<progress max="100" value="25"' in html
    assert f'href="{JOBS}?batch=flow&amp;state=succeeded"' in html
    assert MASK in html
    assert "sesame" not in html


def test_the_graph_has_a_box_for_each_job_and_a_line_for_each_edge(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, {**DIAMOND, "clean": "bottom.ended"})
    worker.settle(succeeded(worker.take_one()))

    html = shown(onlooker, WORKFLOW, id="flow")

    assert boxes(html) == [
        "shop.tasks.top top top succeeded #1",
        "shop.tasks.left left left queued #2",
        "shop.tasks.right right right queued #3",
        "shop.tasks.bottom bottom bottom waiting #4",
        "shop.tasks.clean clean clean waiting #5",
    ]
    lines = re.findall(r'<path class="line([^"]*)" d="([^"]*)"', html)
    assert {look: shape.count("M") for look, shape in lines if "l5 5" not in shape} == {
        "": 4,
        " end": 1,
    }
    assert "style=" not in html


def test_the_table_has_the_same_facts_as_the_graph(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, {**DIAMOND, "clean": "bottom.ended"})
    worker.settle(succeeded(worker.take_one()))

    html = shown(onlooker, WORKFLOW, id="flow")

    assert row(html, "top").startswith("shop.tasks. top #1 succeeded –")
    assert row(html, "left").startswith("shop.tasks. left #2 queued top #1 enqueued")
    assert "waiting left #2 , right #3 enqueued" in row(html, "bottom")
    assert "the end of bottom #4" in row(html, "clean")
    assert "1–5 of 5" in words(html)


def test_the_graph_is_there_after_the_success(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, {"a": "", "b": "a"})
    for _ in range(2):
        worker.settle(succeeded(worker.take_one(), result='"x"'))

    html = shown(onlooker, WORKFLOW, id="flow")

    assert "#2 succeeded a #1" in row(html, "b")
    assert html.count('<path class="line"') == 2
    assert len(boxes(html)) == 2


def test_jobs_that_are_no_longer_kept_are_named_and_not_drawn(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, {"a": "", "b": "a"})
    worker.settle(succeeded(worker.take_one()))
    backend.broker.inspection.delete("a")
    worker.exchange("default")

    html = shown(onlooker, WORKFLOW, id="flow")

    assert "no longer kept" in row(html, "a")
    assert "#1 (no longer kept)" in row(html, "b")
    assert len(boxes(html)) == 1
    assert "1 job is no longer kept.</span>" in html


def test_the_page_says_why_the_graph_of_a_succeeded_workflow_is_gone(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, {"a": "", "b": "a"})
    for _ in range(2):
        worker.settle(succeeded(worker.take_one()))
    assert 'id="forgotten"' not in shown(onlooker, WORKFLOW, id="flow")
    for name in "ab":
        backend.broker.inspection.delete(name)

    html = shown(onlooker, WORKFLOW, id="flow")

    assert "2 jobs are no longer kept. After a workflow has succeeded, each" in html
    assert 'id="graph"' not in html


def test_what_a_failure_keeps_from_starting_is_marked(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, {"a": "", "b": "a", "c": "a.ended"})
    failure = make_failure(exception="shop.NoMoney", message="The account is empty.")
    worker.settle(dead(worker.take_one(), failure=failure))
    worker.exchange("default")

    html = shown(onlooker, WORKFLOW, id="flow")

    assert 'class="line failed"' in html
    assert 'class="box dead"' in html
    assert 'class="box discarded"' in html
    assert "The account is empty." in html.partition('id="h-dead"')[2]


def test_many_jobs_are_drawn_by_task_and_layer(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    number = MOST_IN_COLUMN + 30
    many = [f"part{place}" for place in range(number)]
    shape = {"split": "", **dict.fromkeys(many, "split"), "join": " ".join(many)}
    store(backend, shape, tasks=dict.fromkeys(many, "shop.tasks.resize"))
    worker.settle(succeeded(worker.take_one()))
    worker.exchange("default")
    worker.settle(dead(worker.take_one()))
    worker.exchange("default")

    html = shown(onlooker, WORKFLOW, id="flow")

    assert boxes(html) == [
        "shop.tasks.split: 1 job split succeeded × 1",
        f"shop.tasks.resize: {number} jobs resize dead × {number}",
        "shop.tasks.join: 1 job join discarded × 1",
    ]
    assert html.count(f'href="{JOBS}?batch=flow&amp;task=shop.tasks.resize"') == 2
    table = words(html.partition('id="graph"')[2].partition("</table>")[0])
    assert f"shop. tasks. resize 2 {number} {number - 1} 0 1 0" in table
    assert f"1–50 of {number + 2}" in words(html)
    assert "?id=flow&amp;after=50#jobs" in html

    last = shown(onlooker, WORKFLOW, id="flow", after=50)
    assert f"51–{number + 2} of {number + 2}" in words(last)
    assert f"resize #6 , and {number - 5} more" in row(last, "join")
    assert "No more jobs" in shown(onlooker, WORKFLOW, id="flow", after=10**9)


def test_a_few_jobs_are_drawn_each(onlooker: Client, backend: JobBackend) -> None:
    store(backend, {f"part{place}": "" for place in range(MOST_IN_COLUMN)})

    assert len(boxes(shown(onlooker, WORKFLOW, id="flow"))) == MOST_IN_COLUMN


def test_of_very_many_jobs_the_first_are_drawn(
    onlooker: Client, backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.dashboard.workflow_nodes.NODES_READ", 3)
    store(backend, DIAMOND)

    html = shown(onlooker, WORKFLOW, id="flow")

    assert "the first 3 of 4 jobs" in words(html)
    assert len(boxes(html)) == 3


def test_what_cannot_be_drawn_is_listed(onlooker: Client, backend: JobBackend) -> None:
    names = [f"n{number}" for number in range(MOST_BOXES + 1)]
    store(backend, dict(zip(names, ["", *names], strict=False)))

    html = words(shown(onlooker, WORKFLOW, id="flow"))

    assert "This workflow is too large to be drawn." in html
    assert "shop. tasks. n7 8 1 1 0 0 0" in html


def test_a_workflow_that_is_not_sealed_says_so(onlooker: Client, backend: JobBackend) -> None:
    backend.broker.batches.open(NewBatch(id="flow", is_workflow=True))

    html = shown(onlooker, WORKFLOW, id="flow")

    assert 'id="unsealed"' in html
    assert '<svg class="graph"' not in html


def test_names_are_shown_as_text(onlooker: Client, backend: JobBackend) -> None:
    store(backend, {"a": ""}, name=HOSTILE, tasks={"a": f"shop.{HOSTILE}"})

    html = shown(onlooker, WORKFLOW, id="flow")

    assert "<script>alert" not in html


def test_a_workflow_that_is_unknown_or_a_batch_is_not_found(
    onlooker: Client, backend: JobBackend
) -> None:
    backend.broker.batches.open(NewBatch(id="b1"))
    store(backend, {"a": ""})

    for given in ("unknown", "", "b1"):
        answer = onlooker.get(WORKFLOW, {"id": given})
        assert answer.status_code == 404
        assert "This workflow does not exist, or is no longer kept." in answer.content.decode()
    assert onlooker.get(reverse("django_jobs_dashboard:batch"), {"id": "flow"}).status_code == 404


# --- actions: on Redis where a worker of the thread pool would run what is queued ----------------


def test_a_workflow_is_cancelled(
    operator: Client, backend: JobBackend, worker: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    store(backend, DIAMOND)
    with caplog.at_level(logging.INFO, "django_jobs.dashboard"):
        html = do(operator, "cancel_workflow", batch="flow")

    assert "The workflow is cancelled." in html
    assert 'id="cancelled"' in html
    assert "Cancel the workflow" not in html
    [line] = [one for one in caplog.records if one.name == "django_jobs.dashboard"]
    assert vars(line)["dashboard_action"] == "cancel workflow"
    assert worker.take(4) == ()
    worker.exchange("default")
    found = backend.broker.batches.find("flow")
    assert found
    assert found.state is BatchState.FAILED
    assert "has ended, or was cancelled before" in do(operator, "cancel_workflow", batch="flow")


def test_dead_jobs_are_retried_and_what_needs_them_waits_again(
    operator: Client, redis_backend: JobBackend
) -> None:
    worker = Driver(redis_backend.broker)
    store(redis_backend, {"a": "", "b": "a"})
    worker.settle(dead(worker.take_one()))
    worker.exchange("default")
    assert "Retry dead jobs" in shown(operator, WORKFLOW, id="flow")

    html = do(operator, "retry_workflow", batch="flow")

    assert "1 job was enqueued." in html
    worker.settle(succeeded(worker.take_one()))
    assert worker.take_one().job.id == "b"
    assert "This workflow has no dead jobs." in do(operator, "retry_workflow", batch="flow")


@pytest.mark.parametrize("name", ["cancel_workflow", "retry_workflow"])
def test_an_unknown_workflow_and_a_batch_are_refused(
    name: str, operator: Client, backend: JobBackend
) -> None:
    backend.broker.batches.open(NewBatch(id="b1"))
    for given in ("", "unknown", "b1"):
        assert "This workflow does not exist, or is no longer kept." in do(
            operator, name, batch=given
        )


def test_who_may_only_look_sees_no_buttons(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    store(backend, DIAMOND)
    worker.settle(dead(worker.take_one()))

    html = shown(onlooker, WORKFLOW, id="flow")

    assert "Retry dead jobs" not in html
    assert "Cancel the workflow" not in html
