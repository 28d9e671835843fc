"""The paths of nodes that running nodes add: stored, joined, left behind, failed and retried."""

from __future__ import annotations

from collections.abc import Iterable

from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Claim, Job
from django_jobs.jobs.workflows import NewNode
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.robustness.faults.workflow_paths import FLOW, is_whole, needing
from tests.support.builders import dead, retrying, succeeded


def add_nodes_to_a_workflow(trial: Trial) -> PreparedPath:
    """A worker that is killed adds nothing; otherwise what the node adds runs before the last."""
    nodes, added = stored(trial), more_nodes(trial)

    def act() -> None:
        claims = trial.exchange(1)
        for claim in claims:
            trial.insist(lambda claim=claim: grow(trial, claim, added))  # type: ignore[misc]
        trial.exchange(0, trial.run(claims))
        for _ in range(3):
            trial.exchange(0, trial.run(trial.exchange(2)))
        trial.beat()

    return PreparedPath(act, check=lambda: ran_whole(trial, nodes, added))


def add_nodes_in_a_second_attempt(trial: Trial) -> PreparedPath:
    """What the first attempt has added is gone, whatever becomes of the second one."""
    nodes, lost, added = stored(trial), more_nodes(trial), more_nodes(trial)
    (claim,) = trial.exchange(1)
    grow(trial, claim, lost)
    trial.exchange(0, [retrying(claim, delay=0)])

    def act() -> None:
        claims = trial.exchange(1)
        for claim in claims:
            trial.insist(lambda claim=claim: grow(trial, claim, added))  # type: ignore[misc]
        trial.exchange(0, trial.run(claims))
        trial.exchange(0, trial.run(trial.exchange(2)))

    def check() -> None:
        ran_whole(trial, nodes, added)
        assert not [node for node in lost if trial.safe.inspection.find(node.job.id)]

    return PreparedPath(act, check=check)


def retry_an_added_node(trial: Trial) -> PreparedPath:
    """An added node fails, and with it what needs the node that added it; it is retried."""
    nodes, added = stored(trial), more_nodes(trial)
    (claim,) = trial.exchange(1)
    grow(trial, claim, added)
    trial.exchange(0, [succeeded(claim)])
    trial.answers.pushed(node.job for node in added)
    trial.answers.revivable.add(added[0].job.id)
    trial.exchange(0, map(dead, trial.exchange(1)))

    def act() -> None:
        trial.insist(lambda: trial.broker.batches.retry_dead(FLOW))
        trial.exchange(0, trial.run(trial.exchange(2)))

    def retry() -> None:
        trial.safe.batches.retry_dead(FLOW)

    return PreparedPath(act, retry, lambda: is_whole(trial, [*nodes, *added]))


def stored(trial: Trial) -> list[NewNode]:
    """Store a workflow of two nodes, as if long before."""
    first, last = trial.jobs(2, batch=FLOW)
    trial.answers.tried([first, last])
    nodes = [NewNode(first), NewNode(last, needing(first))]
    trial.safe.batches.open(NewBatch(id=FLOW, is_workflow=True))
    trial.safe.batches.add_nodes(FLOW, nodes)
    trial.safe.batches.close(FLOW)
    trial.answers.pushed([first, last])
    return nodes


def more_nodes(trial: Trial) -> list[NewNode]:
    """Two nodes, of which the second one needs the first."""
    first, second = trial.jobs(2, batch=FLOW)
    trial.answers.tried([first, second])
    return [NewNode(first), NewNode(second, needing(first))]


def grow(trial: Trial, claim: Claim, nodes: list[NewNode]) -> None:
    adder = Membership(FLOW, claim.job.id, claim.token)
    trial.broker.batches.grow(nodes, adder)


def ran_whole(trial: Trial, nodes: list[NewNode], added: list[NewNode]) -> None:
    """Check that all nodes ran in order, and of the added ones all or none."""
    there = [node for node in added if trial.safe.inspection.find(node.job.id)]
    assert there in ([], added)
    is_whole(trial, [*nodes, *there])
    if there:
        ends_before(trial, (node.job for node in there), nodes[-1].job)


def ends_before(trial: Trial, jobs: Iterable[Job], last: Job) -> None:
    started = trial.safe.inspection.find(last.id)
    assert started is not None
    for job in jobs:
        record = trial.safe.inspection.find(job.id)
        assert record is not None
        assert (record.finished_at or 0) <= (started.started_at or 0)


ADDED_PATHS = (add_nodes_to_a_workflow, add_nodes_in_a_second_attempt, retry_an_added_node)
