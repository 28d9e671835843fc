"""The paths of jobs whose worker vanished: taken back, refused, dead after the third time."""

from __future__ import annotations

from functools import partial

from django_jobs.brokers.constants import MAX_CRASHES, WORKER_LOST
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.records import State
from tests.robustness.faults import batch_paths
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.driver import Driver, found


def take_back_what_a_dead_worker_held(trial: Trial) -> PreparedPath:
    trial.given(3)
    trial.lose_worker_with(2)

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


def a_third_worker_vanishes(trial: Trial) -> PreparedPath:
    """The job that all of them held is dead; one that only the last one held comes back."""
    (fatal,) = trial.given(1)
    lose_workers_with(trial, fatal.id)
    trial.given(1)

    def act() -> None:
        trial.beat()
        trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act, check=partial(is_dead_of_its_workers, trial, fatal.id))


def a_third_worker_vanishes_with_a_member(trial: Trial) -> PreparedPath:
    """Its batch hears of the death, once."""
    (fatal, _) = batch_paths.stored_batch(trial, 2, BatchEvent.DEATH, BatchEvent.END)
    lose_workers_with(trial, fatal.id)

    def act() -> None:
        trial.beat()
        batch_paths.work(trial, 3)

    def check() -> None:
        is_dead_of_its_workers(trial, fatal.id)
        batch_paths.check(trial)
        record = trial.safe.batches.find(batch_paths.BATCH)
        assert record is not None
        assert record.happened == {BatchEvent.DEATH, BatchEvent.END}
        assert (record.counts.dead, record.counts.succeeded) == (1, 1)

    return PreparedPath(act, check=check)


def lose_workers_with(trial: Trial, job_id: str) -> None:
    """Let workers vanish that hold the first job, and the last one with it unnoticed so far."""
    for number in range(MAX_CRASHES - 1):
        gone = Driver(trial.safe, f"gone{number}")
        trial.answers.ran(gone.take(1))
        gone.vanish(trial.clock, noticed_by=trial.second)
    trial.answers.fatal.add(job_id)
    trial.lose_worker_with(1)


def is_dead_of_its_workers(trial: Trial, job_id: str) -> None:
    record = found(trial.safe.inspection, job_id)
    assert (record.state, record.crashes) == (State.DEAD, MAX_CRASHES)
    assert [failure.exception for failure in record.failures] == [WORKER_LOST]


LOSS_PATHS = (
    *(take_back_what_a_dead_worker_held, go_on_after_the_lease),
    *(a_third_worker_vanishes, a_third_worker_vanishes_with_a_member),
)
