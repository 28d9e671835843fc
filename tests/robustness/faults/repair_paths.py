"""The paths of the doctor, which repairs what somebody has changed by hand."""

from __future__ import annotations

from functools import partial

from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.limits import JobLimit
from tests.robustness.faults import batch_paths
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.robustness.faults.unique_paths import unique_jobs
from tests.support.redis_keys import PREFIX

FEW = JobLimit("few", 1)


def repair_jobs(trial: Trial) -> PreparedPath:
    """Jobs in no place, places of no job, lost and stray locks, slots that nobody has."""
    limited = [job for _ in range(2) for job in trial.jobs(1, limits=(FEW,))]
    running, queued, *_ = trial.stored(
        [*trial.jobs(2), *unique_jobs(trial, "d1", "d2"), *limited],
    )
    trial.exchange(1)
    trial.client.hdel(f"{PREFIX}f:w1", running.id)
    trial.client.zrem(f"{PREFIX}q:default", queued.id)
    trial.client.zadd(f"{PREFIX}q:default", {"nobody": 5})
    trial.client.delete(f"{PREFIX}l:d1")
    trial.client.set(f"{PREFIX}l:d3", "nobody")
    trial.client.hincrby(f"{PREFIX}h:{FEW.id}", "", 1)
    return repaired(trial)


def repair_a_batch(trial: Trial) -> PreparedPath:
    """A member was deleted by hand, so that the batch would never end."""
    deleted, *_ = batch_paths.stored_batch(trial, 3, BatchEvent.END)
    trial.answers.doomed.add(deleted.id)
    trial.client.delete(f"{PREFIX}j:{deleted.id}")
    path = repaired(trial)
    return PreparedPath(
        path.act, path.afterwards, partial(batch_paths.check, trial), fits_if_killed=False
    )


def repaired(trial: Trial) -> PreparedPath:
    """Go through all keys once, then work; another doctor repairs what this one has left."""

    def act() -> None:
        trial.insist(lambda: list(trial.broker.doctor.repair()))
        for _ in range(3):
            trial.exchange(0, trial.run(trial.exchange(9)))

    def repair_again() -> None:
        trial.safe.doctor.diagnose(repair=True)

    return PreparedPath(act, repair_again, fits_if_killed=False)


REPAIR_PATHS = (repair_jobs, repair_a_batch)
