"""The paths of limits: closed, paused and changed, and what becomes of jobs that wait for slots."""

from __future__ import annotations

from django_jobs.jobs.limits import JobLimit, LimitKind, limit_id
from django_jobs.jobs.records import Job
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import given_back, limit_reached, succeeded

MINUTE = 60_000
FEW = JobLimit("few", 1)
FEW_ID = limit_id(LimitKind.LIMIT, FEW.name)
RATE = JobLimit("rate", 1, MINUTE)


def limited(trial: Trial, number: int, *limits: JobLimit) -> list[Job]:
    return trial.stored([job for _ in range(number) for job in trial.jobs(1, limits=limits)])


def work_on_limited(trial: Trial) -> PreparedPath:
    """Jobs wait for slots, which are taken and freed by each way that a job may go."""
    few, many = JobLimit("few", 2), JobLimit("many", 9, MINUTE)
    jobs = [job for _ in range(3) for job in trial.jobs(1, limits=(few,))]
    jobs += [job for _ in range(3) for job in trial.jobs(1, limits=(many, few))]
    trial.stored(jobs)
    trial.worker.heartbeat()

    def act() -> None:
        ends = (succeeded, given_back)
        for _ in range(2):
            claims = trial.exchange(6)
            trial.exchange(6, [how(claim) for how, claim in zip(ends, claims, strict=False)])
        for _ in range(4):
            trial.exchange(0, trial.run(trial.exchange(6)))

    return PreparedPath(act)


def meet_a_limit(trial: Trial) -> PreparedPath:
    """The job waits for the time that its task gave, and with it all of its key."""
    limited(trial, 2, FEW)
    claims = trial.exchange(2)

    def act() -> None:
        trial.exchange(2, [limit_reached(claim, delay=MINUTE) for claim in claims])
        trial.clock.advance(MINUTE)
        for _ in range(2):
            trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act)


def wait_for_a_period(trial: Trial) -> PreparedPath:
    limited(trial, 2, RATE)
    trial.beat()

    def act() -> None:
        for _ in range(2):
            trial.exchange(0, trial.run(trial.exchange(2)))
            trial.clock.advance(MINUTE)

    return PreparedPath(act)


def take_back_slots_of_a_dead_worker(trial: Trial) -> PreparedPath:
    limited(trial, 3, FEW)
    trial.lose_worker_with(3)

    def act() -> None:
        trial.beat()
        for _ in range(3):
            trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act)


def change_a_limit(trial: Trial) -> PreparedPath:
    """An operator pauses it while jobs wait, changes its number, and lets it go on."""
    limited(trial, 3, FEW)
    trial.exchange(0, trial.run(trial.exchange(3)))
    limits = trial.broker.inspection.limits

    def act() -> None:
        trial.insist(lambda: limits.pause(FEW_ID))
        assert not trial.exchange(3), "a paused limit gives slots"
        trial.insist(lambda: limits.set_number(FEW_ID, 2))
        trial.insist(lambda: limits.resume(FEW_ID))
        trial.exchange(0, trial.run(trial.exchange(3)))
        trial.insist(lambda: limits.set_number(FEW_ID, None))

    return PreparedPath(act, lambda: trial.safe.inspection.limits.resume(FEW_ID))


def pause_a_key(trial: Trial) -> PreparedPath:
    """One key starts no jobs until an operator resumes it."""
    limited(trial, 3, FEW)
    trial.exchange(0, trial.run(trial.exchange(3)))
    limits = trial.broker.inspection.limits

    def act() -> None:
        trial.insist(lambda: limits.pause_key(FEW_ID, ""))
        assert not trial.exchange(3), "a paused key gives slots"
        trial.insist(lambda: limits.resume_key(FEW_ID, ""))
        trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act, lambda: trial.safe.inspection.limits.resume_key(FEW_ID, ""))


def clear_who_waits_for_a_slot(trial: Trial) -> PreparedPath:
    _, *waiting = limited(trial, 3, FEW)
    claims = trial.exchange(3)

    def act() -> None:
        ids = [job.id for job in waiting]
        trial.remove(ids, lambda: trial.broker.inspection.clear("default"))
        trial.exchange(0, trial.run(claims))

    return PreparedPath(act)


def cancel_and_delete_who_waits_for_a_slot(trial: Trial) -> PreparedPath:
    _, cancelled, deleted = limited(trial, 3, FEW)
    claims = trial.exchange(3)
    trial.answers.cancelled.add(cancelled.id)

    def act() -> None:
        trial.insist(lambda: trial.broker.inspection.cancel(cancelled.id))
        trial.remove([deleted.id], lambda: trial.broker.inspection.delete(deleted.id))
        trial.exchange(0, trial.run(claims))

    return PreparedPath(act)


LIMIT_PATHS = (
    work_on_limited,
    *(meet_a_limit, wait_for_a_period, take_back_slots_of_a_dead_worker, change_a_limit),
    *(pause_a_key, clear_who_waits_for_a_slot, cancel_and_delete_who_waits_for_a_slot),
)
