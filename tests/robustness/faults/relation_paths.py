"""The paths of turns, batches and workflows that those of each kind leave out."""

from __future__ import annotations

from functools import partial

import pytest

from django_jobs.brokers.constants import BATCH_HELD_MS, BATCH_KEPT_MS
from django_jobs.errors import WorkflowNotStored
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Turn
from tests.robustness.faults import added_paths, batch_paths, workflow_paths
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.robustness.faults.unique_paths import unique_jobs

MINUTE = 60_000

# --- turns -----------------------------------------------------------------------------------


def move_among_turns(trial: Trial) -> PreparedPath:
    """Jobs leave a queue for one that has turns; others become due there."""
    ids = [job.id for job in trial.given(2, queue="other", turn=Turn("b"))]
    trial.given(1, turn=Turn("a"))
    trial.given(1, turn=Turn("b"), run_at=trial.clock.now() + 1)
    trial.clock.advance(1)

    def act() -> None:
        trial.insist(lambda: trial.broker.inspection.move(ids, "other", "default"))
        trial.exchange(0, trial.run(trial.exchange(4)))

    def move_the_rest() -> None:
        trial.safe.inspection.move(ids, "other", "default")

    return PreparedPath(act, move_the_rest)


# --- batches and workflows -------------------------------------------------------------------


def the_block_vanishes(trial: Trial) -> PreparedPath:
    """A heartbeat closes the batch, and its members end it."""
    callbacks = dict(zip((BatchEvent.DEATH, BatchEvent.END), trial.jobs(2), strict=True))
    members = trial.jobs(2, batch=batch_paths.BATCH)
    for jobs in (callbacks.values(), members):
        trial.answers.tried(jobs)
        trial.answers.pushed(jobs)
    trial.safe.batches.open(NewBatch(id=batch_paths.BATCH, callbacks=callbacks))
    trial.safe.batches.add(members, Membership(batch_paths.BATCH))
    trial.worker.heartbeat()
    trial.clock.advance(BATCH_HELD_MS)

    def act() -> None:
        trial.beat()
        batch_paths.work(trial, 3)

    return PreparedPath(act, trial.second.heartbeat, partial(batch_paths.check, trial))


def a_merged_call_is_no_member(trial: Trial) -> PreparedPath:
    trial.stored(unique_jobs(trial, "d1"))
    trial.safe.batches.open(NewBatch(id=batch_paths.BATCH))
    members = [
        *unique_jobs(trial, "d1", "d2"),
        *trial.jobs(1),
    ]
    members = [job._replace(batch=batch_paths.BATCH) for job in members]

    def act() -> None:
        batch_paths.add(trial, members)
        trial.answers.stored.discard(members[0].id)
        trial.insist(lambda: trial.broker.batches.close(batch_paths.BATCH))
        batch_paths.work(trial, 2)

    close = partial(batch_paths.close_for_a_vanished_block, trial)
    return PreparedPath(act, close, partial(batch_paths.check, trial))


def cancel_a_workflow(trial: Trial) -> PreparedPath:
    """What runs goes on; the others are discarded when their turn is."""
    nodes = workflow_paths.stored(trial)
    claims = trial.exchange(1)
    trial.answers.cancelled.update(node.job.id for node in nodes)

    def act() -> None:
        trial.insist(lambda: trial.broker.batches.cancel(workflow_paths.FLOW))
        trial.exchange(0, trial.run(claims))
        trial.exchange(2)

    return PreparedPath(act, check=partial(is_over, trial))


def cancel_a_workflow_that_grows(trial: Trial) -> PreparedPath:
    """What a node has added before joins, and is discarded; after that it adds nothing."""
    nodes = added_paths.stored(trial)
    added, late = added_paths.more_nodes(trial), added_paths.more_nodes(trial)
    (claim,) = trial.exchange(1)
    trial.answers.cancelled.update(node.job.id for node in (*nodes, *added))

    def act() -> None:
        trial.insist(lambda: added_paths.grow(trial, claim, added))
        trial.insist(lambda: trial.broker.batches.cancel(workflow_paths.FLOW))
        with pytest.raises(WorkflowNotStored):
            trial.insist(lambda: added_paths.grow(trial, claim, late))
        trial.exchange(0, trial.run([claim]))
        trial.exchange(2)

    def check() -> None:
        is_over(trial)
        assert not trial.states().keys() & {node.job.id for node in late}

    return PreparedPath(act, check=check)


def delete_a_node(trial: Trial) -> PreparedPath:
    """What needs its success is discarded, and goes on being so."""
    _, deleted, *rest = workflow_paths.stored(trial)
    trial.answers.cancelled.update(node.job.id for node in rest)

    def act() -> None:
        delete = partial(trial.broker.inspection.delete, deleted.job.id)
        trial.remove([deleted.job.id], delete)
        for _ in range(3):
            trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act, check=partial(is_over, trial))


def clear_nodes(trial: Trial) -> PreparedPath:
    """The queued node is deleted, and what waits for its success is discarded."""
    first, *rest = workflow_paths.stored(trial)
    trial.answers.cancelled.update(node.job.id for node in rest)

    def act() -> None:
        trial.remove([first.job.id], lambda: trial.broker.inspection.clear("default"))
        for _ in range(3):
            trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act, check=partial(is_over, trial))


def forget_a_workflow(trial: Trial) -> PreparedPath:
    """One that was cancelled is forgotten some days after its end, with all nodes."""
    nodes = workflow_paths.stored(trial)
    trial.safe.inspection.cancel(nodes[0].job.id)
    trial.safe.batches.cancel(workflow_paths.FLOW)
    trial.beat()
    trial.answers.doomed.update(node.job.id for node in nodes)
    trial.clock.advance(BATCH_KEPT_MS)

    def act() -> None:
        trial.beat()
        trial.exchange(0)

    def check() -> None:
        assert trial.safe.batches.find(workflow_paths.FLOW) is None
        assert not trial.states(), "nodes of nobody are left"

    return PreparedPath(act, trial.second.heartbeat, check)


def is_over(trial: Trial) -> None:
    found = trial.safe.batches.find(workflow_paths.FLOW)
    assert found is not None
    assert found.counts.open == 0, found
    assert found.state is not BatchState.OPEN
    assert all(state.is_final for state in trial.states().values()), trial.states()


RELATION_PATHS = (
    move_among_turns,
    *(the_block_vanishes, a_merged_call_is_no_member),
    *(cancel_a_workflow, cancel_a_workflow_that_grows, delete_a_node, clear_nodes),
    forget_a_workflow,
)
