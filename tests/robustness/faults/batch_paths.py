"""The paths of batches: opened, filled, closed, ended, retried, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead

BATCH = "b1"
OF_BLOCK = Membership(BATCH)
SUCCESS, END, DEATH = BatchEvent.SUCCESS, BatchEvent.END, BatchEvent.DEATH


def open_fill_and_close(trial: Trial) -> PreparedPath:
    callbacks = dict(zip((SUCCESS, END), trial.jobs(2), strict=True))
    members = trial.jobs(3, batch=BATCH)
    trial.worker.heartbeat()

    def act() -> None:
        open_batch(trial, callbacks)
        add(trial, members)
        trial.insist(lambda: trial.broker.batches.close(BATCH))
        work(trial, 2)

    return PreparedPath(act, partial(close_for_a_vanished_block, trial), partial(check, trial))


def last_members_end(trial: Trial) -> PreparedPath:
    stored_batch(trial, 2, SUCCESS, END)
    return PreparedPath(lambda: work(trial, 3), check=partial(check, trial))


def dead_members_are_retried(trial: Trial) -> PreparedPath:
    members = stored_batch(trial, 2, SUCCESS, END, DEATH)
    trial.answers.revivable.update(job.id for job in members)

    def act() -> None:
        trial.exchange(0, map(dead, trial.exchange(2)))
        trial.insist(lambda: trial.broker.batches.retry_dead(BATCH))
        work(trial, 3)

    def retry() -> None:
        trial.safe.batches.retry_dead(BATCH)
        trial.answers.doomed.update(callbacks_that_cannot_start(trial))

    return PreparedPath(act, retry, partial(check, trial))


def a_member_adds_members(trial: Trial) -> PreparedPath:
    stored_batch(trial, 1, SUCCESS, END)
    trial.beat()
    more = trial.jobs(2, batch=BATCH)

    def act() -> None:
        (claim,) = trial.exchange(1)
        add(trial, more, Membership(BATCH, claim.job.id, claim.token))
        trial.exchange(0, trial.run([claim]))
        work(trial, 2)

    return PreparedPath(act, check=partial(check, trial))


def cancel_a_batch(trial: Trial) -> PreparedPath:
    members = stored_batch(trial, 3, SUCCESS, END)
    claims = trial.exchange(1)
    trial.answers.cancelled.update(job.id for job in members)

    def act() -> None:
        trial.insist(lambda: trial.broker.batches.cancel(BATCH))
        trial.exchange(0, trial.run(claims))
        work(trial, 2)

    def note() -> None:
        trial.answers.doomed.update(callbacks_that_cannot_start(trial))

    return PreparedPath(act, note, partial(check, trial))


def delete_a_member(trial: Trial) -> PreparedPath:
    deleted, _ = stored_batch(trial, 2, END)

    def act() -> None:
        delete = partial(trial.broker.inspection.delete, deleted.id)
        trial.remove([deleted.id], delete)
        work(trial, 2)

    return PreparedPath(act, check=partial(check, trial))


def open_batch(trial: Trial, callbacks: dict[BatchEvent, Job]) -> None:
    """Open a batch as a web process does that tries again."""
    new = NewBatch(id=BATCH, callbacks=callbacks)
    trial.answers.tried(callbacks.values())
    trial.insist(lambda: trial.broker.batches.open(new))
    trial.answers.pushed(callbacks.values())


def add(trial: Trial, jobs: Sequence[Job], membership: Membership = OF_BLOCK) -> None:
    """Add members, and leave an error to the caller."""
    trial.answers.tried(jobs)
    if trial.try_once(lambda: trial.broker.batches.add(jobs, membership)):
        trial.answers.pushed(jobs)


def stored_batch(trial: Trial, number: int, *events: BatchEvent) -> list[Job]:
    """Store a closed batch as if long before, and return its members."""
    callbacks = dict(zip(events, trial.jobs(len(events)), strict=True))
    members = trial.jobs(number, batch=BATCH)
    trial.safe.batches.open(NewBatch(id=BATCH, callbacks=callbacks))
    trial.safe.batches.add(members, Membership(BATCH))
    trial.safe.batches.close(BATCH)
    trial.worker.heartbeat()
    for jobs in (callbacks.values(), members):
        trial.answers.tried(jobs)
        trial.answers.pushed(jobs)
    return members


def work(trial: Trial, rounds: int) -> None:
    for _ in range(rounds):
        trial.exchange(0, trial.run(trial.exchange(5)))


def close_for_a_vanished_block(trial: Trial) -> None:
    """Close the batch; a heartbeat would do so in an hour."""
    trial.safe.batches.close(BATCH)


def callbacks_that_cannot_start(trial: Trial) -> set[str]:
    """The callbacks that were deleted, or will be, as what they wait for cannot happen."""
    record = trial.safe.batches.find(BATCH)
    assert record is not None
    success, death = record.callbacks[SUCCESS], record.callbacks.get(DEATH)
    if record.is_cancelled:
        return {success}
    return {death} if death and not record.counts.dead else set()


def check(trial: Trial) -> None:
    """The batch has ended, and counts what became of its members."""
    record = trial.safe.batches.find(BATCH)
    if record is None:
        return
    counts = record.counts
    assert record.ended_at is not None, record
    assert counts.total == counts.succeeded + counts.dead + counts.discarded, record
    assert record.happened >= {END}, record


BATCH_PATHS = (
    *(open_fill_and_close, last_members_end, dead_members_are_retried),
    *(a_member_adds_members, cancel_a_batch, delete_a_member),
)
