"""The paths of workflows: stored as a whole, run in order, failed and retried."""

from __future__ import annotations

from django_jobs.brokers.constants import BATCH_HELD_MS
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.records import Job
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead

FLOW = "flow"


def store_a_workflow(trial: Trial) -> PreparedPath:
    """Each of the calls may be repeated, as `enqueue` may; what is not whole is forgotten."""
    nodes = diamond(trial)

    def act() -> None:
        for _ in range(2):
            trial.insist(lambda: trial.broker.batches.open(NewBatch(id=FLOW, is_workflow=True)))
            trial.insist(lambda: trial.broker.batches.add_nodes(FLOW, nodes))
            trial.insist(lambda: trial.broker.batches.close(FLOW))
        trial.answers.pushed(node.job for node in nodes)

    def wait() -> None:
        trial.clock.advance(BATCH_HELD_MS)
        trial.second.heartbeat()

    def check() -> None:
        if trial.answers.stored or trial.states():
            is_whole(trial, nodes)
        else:
            assert trial.safe.batches.find(FLOW) is None

    return PreparedPath(act, wait, check)


def work_on_a_workflow(trial: Trial) -> PreparedPath:
    nodes = stored(trial)

    def act() -> None:
        for _ in range(4):
            trial.exchange(0, trial.run(trial.exchange(2)))
        trial.beat()

    return PreparedPath(act, check=lambda: is_whole(trial, nodes))


def retry_in_a_workflow(trial: Trial) -> PreparedPath:
    """The first node fails, and takes the others along; it is retried, and they wait again."""
    nodes = stored(trial)
    trial.answers.revivable.add(nodes[0].job.id)
    trial.exchange(0, map(dead, trial.exchange(1)))

    def act() -> None:
        trial.insist(lambda: trial.broker.batches.retry_dead(FLOW))
        trial.exchange(0, trial.run(trial.exchange(2)))

    def retry() -> None:
        trial.safe.batches.retry_dead(FLOW)

    return PreparedPath(act, retry, lambda: is_whole(trial, nodes))


def stored(trial: Trial) -> list[NewNode]:
    """Store a workflow as if long before."""
    nodes = diamond(trial)
    trial.safe.batches.open(NewBatch(id=FLOW, is_workflow=True))
    trial.safe.batches.add_nodes(FLOW, nodes)
    trial.safe.batches.close(FLOW)
    trial.answers.pushed(node.job for node in nodes)
    return nodes


def diamond(trial: Trial) -> list[NewNode]:
    """One node, two that need it, and one that needs these and waits for the end of the first."""
    jobs = trial.jobs(4, batch=FLOW)
    trial.answers.tried(jobs)
    top, left, right, bottom = jobs
    return [
        NewNode(top),
        NewNode(left, needing(top)),
        NewNode(right, needing(top)),
        NewNode(bottom, (*needing(left, right), Edge(EdgeKind.END, top.id))),
    ]


def needing(*jobs: Job) -> tuple[Edge, ...]:
    return tuple(Edge(EdgeKind.SUCCESS, job.id) for job in jobs)


def is_whole(trial: Trial, nodes: list[NewNode]) -> None:
    """Check that everything ran, and that it ran in order."""
    found = trial.safe.batches.find(FLOW)
    assert found is not None
    assert found.state is BatchState.SUCCEEDED, found
    assert found.counts.total == found.counts.succeeded == len(nodes)
    ends = {one.job.id: trial.safe.inspection.find(one.job.id) for one in nodes}
    for node in nodes:
        record = ends[node.job.id]
        assert record is not None
        for edge in node.edges:
            source = ends[edge.source]
            assert source is not None
            assert (source.finished_at or 0) <= (record.started_at or 0)


WORKFLOW_PATHS = (store_a_workflow, work_on_a_workflow, retry_in_a_workflow)
