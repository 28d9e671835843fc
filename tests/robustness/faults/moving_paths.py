"""The paths of jobs that an operator moves to another backend, and from one."""

from __future__ import annotations

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.moving import BrokerMove
from django_jobs.jobs.records import Job, Lock, State, Turn
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import retrying
from tests.support.driver import Driver, check_with_doctor
from tests.support.redis_keys import PREFIX

MINUTE = 60_000


def move_away(trial: Trial) -> PreparedPath:
    """Each job is at the other backend afterwards, and only there."""
    jobs = waiting_jobs(trial)
    trial.stored(jobs)
    trial.exchange(0, [retrying(claim, delay=MINUTE) for claim in trial.exchange(1)])
    ids = [job.id for job in jobs]
    trial.answers.doomed.update(ids)

    def move(source: Inspection) -> None:
        move_all(source, trial.other.inspection, ids)

    def move_again() -> None:
        trial.client.delete(f"{PREFIX}mover")  # it expires, by Redis's own clock
        move(trial.safe.inspection)
        trial.answers.removed.update(ids)

    def check() -> None:
        check_with_doctor(trial.other)
        waiting = [trial.other.inspection.find(job_id) for job_id in ids]
        assert {record and record.job.queue for record in waiting} == {"default"}
        trial.clock.advance(MINUTE)
        assert sorted(claim.job.id for claim in Driver(trial.other).take(9)) == sorted(ids)

    return PreparedPath(
        lambda: trial.try_once(lambda: move(trial.broker.inspection)), move_again, check
    )


def move_here(trial: Trial) -> PreparedPath:
    """Each job runs here, and none is left at the other backend."""
    jobs = waiting_jobs(trial)
    trial.answers.tried(jobs)
    trial.other.push(jobs)
    trial.answers.pushed(jobs)
    ids = [job.id for job in jobs]
    trial.answers.doomed.add(ids[0])

    def move(target: Inspection) -> None:
        move_all(trial.other.inspection, target, ids)

    def move_again() -> None:
        move(trial.safe.inspection)

    def check() -> None:
        check_with_doctor(trial.other)
        assert not any(trial.other.inspection.find(job_id) for job_id in ids)
        assert set(trial.states().values()) == {State.SUCCEEDED}

    return PreparedPath(
        lambda: trial.try_once(lambda: move(trial.broker.inspection)), move_again, check
    )


def waiting_jobs(trial: Trial) -> list[Job]:
    """One that keeps no result, one that has a turn, one that is unique, and one for later."""
    return [
        *trial.jobs(1, result_ttl=0),
        *trial.jobs(1, turn=Turn("a")),
        *trial.jobs(1, lock=Lock(digest="d1")),
        *trial.jobs(1, run_at=trial.clock.now() + MINUTE),
    ]


def move_all(source: Inspection, target: Inspection, ids: list[str]) -> None:
    """Finish what an earlier move has left, then move jobs, as the command does."""
    way = BrokerMove(source=source, target=target, source_name="a", target_name="b")
    with way.alone():
        way.finish()
        way.move(ids, "default", "default")
        way.tidy_up()


MOVING_PATHS = (move_away, move_here)
