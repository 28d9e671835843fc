"""The paths of jobs: pushed, reserved, settled, promoted, taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django_jobs.clock import from_ms
from django_jobs.compat import Task
from django_jobs.errors import DuplicateJob
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Claim, Job, Lock, OnConflict, Settlement, Turn, Until
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.worker.background.periodic import Ticker
from tests.apps.worker_site.tasks import note
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead, discarded, given_back, postponed, retrying, succeeded
from tests.support.driver import Driver

PORTION = 2
"""Jobs of one call of a bulk push in these tests."""

MINUTE = 60_000


def push(trial: Trial) -> PreparedPath:
    jobs = trial.jobs(2)
    return PreparedPath(lambda: trial.push(jobs))


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


def unique_jobs(trial: Trial, *digests: str, **changes: Any) -> list[Job]:
    """A job for each lock, with the same ids in each run of a path."""
    return [job for one in digests for job in trial.jobs(1, lock=Lock(digest=one, **changes))]


def work_on_limited(trial: Trial) -> PreparedPath:
    """Jobs wait for slots, which are taken and freed by each way that a job may go."""
    few, many = JobLimit("few", 2), JobLimit("many", 9, MINUTE)
    jobs = [job for _ in range(3) for job in trial.jobs(1, limits=(few,))]
    jobs += [job for _ in range(3) for job in trial.jobs(1, limits=(many, few))]
    trial.answers.tried(jobs)
    trial.safe.push(jobs)
    trial.answers.pushed(jobs)
    trial.worker.heartbeat()

    def act() -> None:
        ends = (succeeded, given_back)
        for _ in range(2):
            claims = trial.exchange(6)
            trial.exchange(6, [how(claim) for how, claim in zip(ends, claims, strict=False)])
        for _ in range(4):
            trial.exchange(0, trial.run(trial.exchange(6)))

    return PreparedPath(act)


def push_what_is_deleted(trial: Trial) -> PreparedPath:
    jobs = trial.jobs(2)

    def act() -> None:
        trial.push(jobs)
        for job in jobs:
            delete = partial(trial.broker.inspection.delete, job.id)
            trial.remove([job.id], delete)

    return PreparedPath(act)


def push_for_later(trial: Trial) -> PreparedPath:
    jobs = trial.jobs(2, run_at=trial.clock.now() + MINUTE)
    return PreparedPath(lambda: trial.push(jobs))


def bulk_push_in_three_portions(trial: Trial) -> PreparedPath:
    jobs = trial.jobs(2 * PORTION + 1)
    return PreparedPath(lambda: trial.push(jobs))


def take_turns(trial: Trial) -> PreparedPath:
    """Jobs of two keys are pushed among others, claimed, given back, and claimed again."""
    trial.given(2, turn=Turn("a"))
    jobs = [job for key in "ab" for job in trial.jobs(2, turn=Turn(key, 2))]

    def act() -> None:
        trial.push(jobs)
        trial.exchange(0, map(given_back, trial.exchange(3)))
        trial.exchange(0, trial.run(trial.exchange(6)))

    return PreparedPath(act)


def listen(trial: Trial) -> PreparedPath:
    trial.given(2)
    trial.worker.heartbeat()

    def act() -> None:
        claims = trial.listen(1)
        trial.exchange(0, trial.run([*claims, *trial.listen(2)]))

    return PreparedPath(act, may_keep_a_marker=True)


def claim(trial: Trial) -> PreparedPath:
    trial.given(3)
    trial.worker.heartbeat()
    return PreparedPath(lambda: trial.exchange(2))


def work(trial: Trial) -> PreparedPath:
    """What a worker's loop does: each call settles what is finished, and brings what comes next."""
    trial.given(6)
    trial.worker.heartbeat()

    def act() -> None:
        claims = list(trial.exchange(2))
        while claims:
            claims = [*claims[1:], *trial.exchange(1, trial.run(claims[:1]))]

    return PreparedPath(act)


def _settle(trial: Trial, how: Callable[[Claim], Settlement]) -> PreparedPath:
    trial.given(2)
    claims: Sequence[Claim] = trial.exchange(2)

    def act() -> None:
        trial.exchange(0, map(how, claims))
        trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act)


def settle_as_succeeded(trial: Trial) -> PreparedPath:
    return _settle(trial, succeeded)


def settle_as_retrying(trial: Trial) -> PreparedPath:
    return _settle(trial, lambda claim: retrying(claim, delay=MINUTE))


def settle_as_dead(trial: Trial) -> PreparedPath:
    return _settle(trial, dead)


def settle_as_discarded(trial: Trial) -> PreparedPath:
    return _settle(trial, discarded)


def settle_as_postponed(trial: Trial) -> PreparedPath:
    return _settle(trial, postponed)


def give_back(trial: Trial) -> PreparedPath:
    return _settle(trial, given_back)


def promote(trial: Trial) -> PreparedPath:
    trial.given(1)
    trial.exchange(0, map(retrying, trial.exchange(1)))
    trial.given(2, run_at=trial.clock.now() + 1)
    trial.clock.advance(1)

    def act() -> None:
        claims = trial.exchange(2)
        trial.exchange(0, trial.run([*claims, *trial.exchange(2)]))

    return PreparedPath(act)


def take_back_what_a_dead_worker_held(trial: Trial) -> PreparedPath:
    trial.given(3)
    gone = Driver(trial.safe, "w0")
    trial.answers.ran(gone.take(2))
    trial.beat()
    trial.clock.advance(trial.lease // 2)
    trial.beat()
    trial.clock.advance(trial.lease // 2 + 1)

    def act() -> None:
        trial.beat(succeeded=2, failed=1)
        trial.beat(succeeded=1)
        trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act)


def go_on_after_the_lease(trial: Trial) -> PreparedPath:
    """A worker that was cut off gets its jobs again, and only then reports the attempts before."""
    trial.given(2)
    before = trial.exchange(2)
    trial.worker.vanish(trial.clock, noticed_by=trial.second)

    def act() -> None:
        again = trial.exchange(2)
        trial.exchange(0, trial.run(before))
        assert not trial.answers.ends, "an attempt from before the lease's end counts"
        trial.exchange(0, trial.run(again))

    return PreparedPath(act)


def tick(trial: Trial) -> PreparedPath:
    return _tick(trial, between=lambda second: None)


def tick_that_another_worker_claims_first(trial: Trial) -> PreparedPath:
    return _tick(trial, between=lambda second: second())


def _tick(trial: Trial, between: Callable[[Callable[[], object]], object]) -> PreparedPath:
    now = from_ms(trial.clock.now())
    periodic = PeriodicTask(name="hourly", task=note, line="0 * * * *")

    def make_job(task: Task[..., Any]) -> Job:
        (job,) = trial.jobs(1, task=task.module_path)
        trial.answers.tried([job])
        return job

    def make_job_slowly(task: Task[..., Any]) -> Job:
        between(lambda: second.tick(now))
        return make_job(task)

    first = Ticker(trial.broker, [periodic], make_job_slowly)
    second = Ticker(trial.safe, [periodic], make_job)
    second.tick(now - timedelta(hours=1))

    def check() -> None:
        assert len(trial.states()) == 1, "a tick is not one job"

    return PreparedPath(
        lambda: trial.insist(lambda: first.tick(now)), lambda: second.tick(now), check
    )


JOB_PATHS = (
    *(
        push,
        push_unique,
        work_on_unique,
        push_to_a_job_that_runs,
        push_what_is_refused,
        replace_a_job_that_waits,
        work_on_limited,
        push_what_is_deleted,
        push_for_later,
        bulk_push_in_three_portions,
        take_turns,
        listen,
        claim,
        work,
    ),
    *(settle_as_succeeded, settle_as_retrying, settle_as_dead, settle_as_discarded),
    *(settle_as_postponed, give_back, promote),
    *(take_back_what_a_dead_worker_held, go_on_after_the_lease),
    *(tick, tick_that_another_worker_claims_first),
)
