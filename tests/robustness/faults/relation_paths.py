"""The paths of unique jobs, turns, batches and workflows that those of each kind leave out."""

from __future__ import annotations

from functools import partial

import pytest

from django_jobs.brokers.constants import BATCH_HELD_MS, BATCH_KEPT_MS
from django_jobs.errors import WorkflowNotStored
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import OnConflict, Turn
from tests.robustness.faults import added_paths, batch_paths, workflow_paths
from tests.robustness.faults.job_paths import unique_jobs
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead, retrying

MINUTE = 60_000

# --- unique jobs -----------------------------------------------------------------------------


def a_failed_attempt_makes_way(trial: Trial) -> PreparedPath:
    """A newer call waits for the end of the one that runs; after a failure there is no retry."""
    replace = {"on_conflict": OnConflict.REPLACE}
    trial.stored(unique_jobs(trial, "d1", **replace))
    claims = trial.exchange(1)
    trial.stored(unique_jobs(trial, "d1", **replace))

    def act() -> None:
        trial.exchange(0, map(retrying, claims))
        trial.exchange(0, trial.run(trial.exchange(2)))

    # It is discarded although its worker sends that it is to be retried.
    trial.answers.cancelled.update(claim.job.id for claim in claims)
    return PreparedPath(act)


def retry_against_a_lock(trial: Trial) -> PreparedPath:
    """A dead job is retried in vain while another one has its lock, and then it runs."""
    (first,) = trial.stored(unique_jobs(trial, "d1"))
    trial.exchange(0, map(dead, trial.exchange(1)))
    trial.stored(unique_jobs(trial, "d1"))
    trial.answers.revivable.add(first.id)

    def act() -> None:
        assert not trial.insist(lambda: trial.broker.inspection.retry(first.id))
        trial.exchange(0, trial.run(trial.exchange(2)))
        trial.insist(lambda: trial.broker.inspection.retry(first.id))
        trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act)


def cancel_who_holds_a_lock(trial: Trial) -> PreparedPath:
    """The lock is free for the next call."""
    (first,) = trial.stored(unique_jobs(trial, "d1"))
    trial.answers.cancelled.add(first.id)
    newest = unique_jobs(trial, "d1")

    def act() -> None:
        trial.insist(lambda: trial.broker.inspection.cancel(first.id))
        trial.push(newest)
        trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act)


def keep_a_lock(trial: Trial) -> PreparedPath:
    """After a success, a later call is that job for a while."""
    trial.stored(unique_jobs(trial, "d1", keep_for=MINUTE))
    later = unique_jobs(trial, "d1")

    def act() -> None:
        trial.exchange(0, trial.run(trial.exchange(1)))
        trial.try_once(lambda: trial.broker.push(later))
        trial.exchange(0, trial.run(trial.exchange(1)))

    trial.answers.tried(later)  # a call that was not answered may be a job: of an end that was lost
    return PreparedPath(act)


def merge_after_a_commit(trial: Trial) -> PreparedPath:
    """The id that the caller has goes on to stand for the job that holds the lock."""
    (first,) = trial.stored(unique_jobs(trial, "d1"))
    (call,) = unique_jobs(trial, "d1", after_commit=True, on_conflict=OnConflict.RAISE)

    def act() -> None:
        trial.insist(lambda: trial.broker.push([call]))
        found = trial.safe.inspection.find(call.id)
        assert found is not None
        assert found.job.id == first.id
        trial.exchange(0, trial.run(trial.exchange(2)))

    trial.answers.tried([call])
    return PreparedPath(act)


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
    *(a_failed_attempt_makes_way, retry_against_a_lock, cancel_who_holds_a_lock),
    *(keep_a_lock, merge_after_a_commit),
    move_among_turns,
    *(the_block_vanishes, a_merged_call_is_no_member),
    *(cancel_a_workflow, cancel_a_workflow_that_grows, delete_a_node, clear_nodes),
    forget_a_workflow,
)
