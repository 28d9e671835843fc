"""The paths of jobs: pushed, reserved, settled, promoted, taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django_jobs.clock import from_ms
from django_jobs.compat import Task
from django_jobs.jobs.records import Claim, Job, Settlement
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.worker.background.periodic import Ticker
from tests.apps.worker_site.tasks import note
from tests.robustness.faults.path import Scene
from tests.robustness.faults.run import Stage
from tests.support.driver import Driver, dead, given_back, retrying, succeeded

PORTION = 2
"""Jobs of one call of a bulk push in these tests."""

MINUTE = 60_000


def push(stage: Stage) -> Scene:
    jobs = stage.jobs(2)
    return Scene(lambda: stage.push(jobs))


def push_what_is_deleted(stage: Stage) -> Scene:
    jobs = stage.jobs(2)

    def act() -> None:
        stage.push(jobs)
        for job in jobs:
            delete = partial(stage.broker.inspection.delete, job.id)
            stage.remove([job.id], delete)

    return Scene(act)


def push_for_later(stage: Stage) -> Scene:
    jobs = stage.jobs(2, run_at=stage.clock.now() + MINUTE)
    return Scene(lambda: stage.push(jobs))


def bulk_push_in_three_portions(stage: Stage) -> Scene:
    jobs = stage.jobs(2 * PORTION + 1)
    return Scene(lambda: stage.push(jobs))


def listen(stage: Stage) -> Scene:
    stage.given(2)
    stage.worker.heartbeat()

    def act() -> None:
        claims = stage.listen(1)
        stage.exchange(0, stage.run([*claims, *stage.listen(2)]))

    return Scene(act, may_keep_a_marker=True)


def claim(stage: Stage) -> Scene:
    stage.given(3)
    stage.worker.heartbeat()
    return Scene(lambda: stage.exchange(2))


def work(stage: Stage) -> Scene:
    """What a worker's loop does: each call settles what is finished, and brings what comes next."""
    stage.given(6)
    stage.worker.heartbeat()

    def act() -> None:
        claims = list(stage.exchange(2))
        while claims:
            claims = [*claims[1:], *stage.exchange(1, stage.run(claims[:1]))]

    return Scene(act)


def _settle(stage: Stage, how: Callable[[Claim], Settlement]) -> Scene:
    stage.given(2)
    claims: Sequence[Claim] = stage.exchange(2)

    def act() -> None:
        stage.exchange(0, map(how, claims))
        stage.exchange(0, stage.run(stage.exchange(2)))

    return Scene(act)


def settle_as_succeeded(stage: Stage) -> Scene:
    return _settle(stage, succeeded)


def settle_as_retrying(stage: Stage) -> Scene:
    return _settle(stage, lambda claim: retrying(claim, delay=MINUTE))


def settle_as_dead(stage: Stage) -> Scene:
    return _settle(stage, dead)


def give_back(stage: Stage) -> Scene:
    return _settle(stage, given_back)


def promote(stage: Stage) -> Scene:
    stage.given(1)
    stage.exchange(0, map(retrying, stage.exchange(1)))
    stage.given(2, run_at=stage.clock.now() + 1)
    stage.clock.advance(1)

    def act() -> None:
        claims = stage.exchange(2)
        stage.exchange(0, stage.run([*claims, *stage.exchange(2)]))

    return Scene(act)


def take_back_what_a_dead_worker_held(stage: Stage) -> Scene:
    stage.given(3)
    gone = Driver(stage.safe, "w0")
    stage.books.ran(gone.take(2))
    stage.beat()
    stage.clock.advance(stage.lease // 2)
    stage.beat()
    stage.clock.advance(stage.lease // 2 + 1)

    def act() -> None:
        stage.beat(succeeded=2, failed=1)
        stage.beat(succeeded=1)
        stage.exchange(0, stage.run(stage.exchange(3)))

    return Scene(act)


def go_on_after_the_lease(stage: Stage) -> Scene:
    """A worker that was cut off gets its jobs anew, and only then reports the attempts before."""
    stage.given(2)
    before = stage.exchange(2)
    stage.worker.vanish(stage.clock, noticed_by=stage.second)

    def act() -> None:
        anew = stage.exchange(2)
        stage.exchange(0, stage.run(before))
        assert not stage.books.ends, "an attempt from before the lease's end counts"
        stage.exchange(0, stage.run(anew))

    return Scene(act)


def tick(stage: Stage) -> Scene:
    return _tick(stage, meanwhile=lambda second: None)


def tick_that_another_worker_claims_meanwhile(stage: Stage) -> Scene:
    return _tick(stage, meanwhile=lambda second: second())


def _tick(stage: Stage, meanwhile: Callable[[Callable[[], object]], object]) -> Scene:
    now = from_ms(stage.clock.now())
    periodic = PeriodicTask(name="hourly", task=note, line="0 * * * *")

    def make_job(task: Task[..., Any]) -> Job:
        (job,) = stage.jobs(1, task=task.module_path)
        stage.books.tried([job])
        return job

    def make_job_slowly(task: Task[..., Any]) -> Job:
        meanwhile(lambda: second.tick(now))
        return make_job(task)

    first = Ticker(stage.broker, [periodic], make_job_slowly)
    second = Ticker(stage.safe, [periodic], make_job)
    second.tick(now - timedelta(hours=1))

    def check() -> None:
        assert len(stage.states()) == 1, "a tick is not one job"

    return Scene(lambda: stage.insist(lambda: first.tick(now)), lambda: second.tick(now), check)


JOB_PATHS = (
    *(
        push,
        push_what_is_deleted,
        push_for_later,
        bulk_push_in_three_portions,
        listen,
        claim,
        work,
    ),
    *(settle_as_succeeded, settle_as_retrying, settle_as_dead, give_back, promote),
    *(take_back_what_a_dead_worker_held, go_on_after_the_lease),
    *(tick, tick_that_another_worker_claims_meanwhile),
)
