"""The paths of unique jobs: pushed, merged, refused, replaced, retried, and their locks kept."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django_jobs.errors import DuplicateJob
from django_jobs.jobs.records import Job, Lock, OnConflict, Until
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead, given_back, retrying, succeeded

MINUTE = 60_000


def push_unique(trial: Trial) -> PreparedPath:
    jobs = unique_jobs(trial, "d1", "d2")
    return PreparedPath(lambda: trial.push([*jobs, *trial.jobs(1)]))


def work_on_unique(trial: Trial) -> PreparedPath:
    """A lock is taken and freed by each way that a job may go."""
    jobs = unique_jobs(trial, "d1", "d2", "d3", until=Until.START)
    jobs += unique_jobs(trial, "d4", "d5", "d6")
    trial.stored(jobs)
    trial.worker.heartbeat()

    def act() -> None:
        ends = (succeeded, given_back, dead)
        for _ in range(2):
            claims = trial.exchange(3)
            trial.exchange(0, [how(claim) for how, claim in zip(ends, claims, strict=False)])
        trial.exchange(0, trial.run(trial.exchange(6)))

    return PreparedPath(act)


def push_to_a_job_that_runs(trial: Trial) -> PreparedPath:
    """The newest call waits for the end of the job that runs, and begins with it."""
    replace = {"on_conflict": OnConflict.REPLACE}
    first = unique_jobs(trial, "d1", **replace)
    trial.stored(first)
    claims = trial.exchange(1)
    newest = unique_jobs(trial, "d1", **replace)

    def act() -> None:
        trial.push(newest)
        trial.exchange(0, trial.run(claims))
        trial.exchange(0, trial.run(trial.exchange(1)))

    return PreparedPath(act)


def push_what_is_refused(trial: Trial) -> PreparedPath:
    """What was refused is not stored when the job that held the lock has ended."""
    first = unique_jobs(trial, "d1")
    trial.stored(first)
    jobs = unique_jobs(trial, "d1", on_conflict=OnConflict.RAISE)

    def push_and_hear() -> None:
        with suppress(DuplicateJob):
            trial.broker.push(jobs)

    def act() -> None:
        if not trial.try_once(push_and_hear):
            trial.answers.tried(jobs)  # a copy that is late may come when the lock is free
        trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act)


def replace_a_job_that_waits(trial: Trial) -> PreparedPath:
    replace = {"on_conflict": OnConflict.REPLACE}
    first = unique_jobs(trial, "d1", **replace)
    trial.stored(first)
    newest = unique_jobs(trial, "d1", **replace)

    def act() -> None:
        if not trial.try_once(lambda: trial.broker.push(newest)):
            trial.answers.tried(newest)  # a copy that is late may find no job to replace
        trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act)


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


def unique_jobs(trial: Trial, *digests: str, **changes: Any) -> list[Job]:
    """A job for each lock, with the same ids in each run of a path."""
    return [job for one in digests for job in trial.jobs(1, lock=Lock(digest=one, **changes))]


UNIQUE_PATHS = (
    *(push_unique, work_on_unique, push_to_a_job_that_runs, push_what_is_refused),
    *(replace_a_job_that_waits, a_failed_attempt_makes_way, retry_against_a_lock),
    *(cancel_who_holds_a_lock, keep_a_lock, merge_after_a_commit),
)
