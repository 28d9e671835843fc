"""The paths of periodic tasks: a tick is one job, or is merged, whichever worker claims it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django_jobs.clock import from_ms
from django_jobs.compat import Task
from django_jobs.jobs.records import Job, Lock
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.worker.background.periodic import Ticker
from tests.apps.worker_site.tasks import note
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial

PERIOD = 600_000
PERIODIC = PeriodicTask(name="often", task=note, line="*/10 * * * *")


def tick(trial: Trial) -> PreparedPath:
    return _tick(trial, between=lambda second: None)


def tick_that_another_worker_claims_first(trial: Trial) -> PreparedPath:
    return _tick(trial, between=lambda second: second())


def _tick(trial: Trial, between: Callable[[Callable[[], object]], object]) -> PreparedPath:
    now = from_ms(trial.clock.now())

    def make_job(task: Task[..., Any]) -> Job:
        (job,) = trial.jobs(1, task=task.module_path)
        trial.answers.tried([job])
        return job

    def make_job_slowly(task: Task[..., Any]) -> Job:
        between(lambda: second.tick(now))
        return make_job(task)

    first = Ticker(trial.broker, [PERIODIC], make_job_slowly)
    second = Ticker(trial.safe, [PERIODIC], make_job)
    second.tick(now - timedelta(milliseconds=PERIOD))

    def check() -> None:
        assert len(trial.states()) == 1, "a tick is not one job"

    return PreparedPath(
        lambda: trial.insist(lambda: first.tick(now)), lambda: second.tick(now), check
    )


def tick_of_a_unique_task(trial: Trial) -> PreparedPath:
    """The first tick is merged with a job that runs; the next one finds the lock free."""
    lock, begin = Lock(digest="d1"), trial.clock.now()
    trial.stored(trial.jobs(1, lock=lock))
    claims = trial.exchange(1)

    def make_job(task: Task[..., Any]) -> Job:
        (job,) = trial.jobs(1, task=task.module_path, lock=lock)
        trial.answers.tried([job])
        return job

    first, second = (Ticker(broker, [PERIODIC], make_job) for broker in (trial.broker, trial.safe))
    second.tick(from_ms(begin - PERIOD))

    def tick(ticker: Ticker) -> None:
        ticker.tick(from_ms(trial.clock.now()))

    def act() -> None:
        trial.insist(lambda: tick(first))
        trial.exchange(0, trial.run(claims))
        trial.clock.advance(PERIOD)
        trial.insist(lambda: tick(first))

    def check() -> None:
        has_ticked_again = trial.clock.now() >= begin + PERIOD
        assert len(trial.states()) == 1 + has_ticked_again, "a tick was not merged, or is lost"

    return PreparedPath(act, lambda: tick(second), check)


TICK_PATHS = (tick, tick_that_another_worker_claims_first, tick_of_a_unique_task)
