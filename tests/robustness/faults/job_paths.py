"""The paths of jobs: pushed, claimed, settled, promoted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django_jobs.jobs.records import Claim, Settlement, Turn
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead, discarded, given_back, postponed, retrying, succeeded

PORTION = 2
"""Jobs of one call of a bulk push in these tests."""

MINUTE = 60_000


def push(trial: Trial) -> PreparedPath:
    jobs = trial.jobs(2)
    return PreparedPath(lambda: trial.push(jobs))


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

    return PreparedPath(act, fits_if_killed=False)


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


JOB_PATHS = (
    *(push, push_what_is_deleted, push_for_later, bulk_push_in_three_portions),
    *(take_turns, listen, claim, work),
    *(settle_as_succeeded, settle_as_retrying, settle_as_dead, settle_as_discarded),
    *(settle_as_postponed, give_back, promote),
)
