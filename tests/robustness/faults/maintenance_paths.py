"""The paths of those who take care: a worker that stops, and an operator who changes jobs."""

from __future__ import annotations

from django_jobs.brokers.messages import WorkerCommand
from django_jobs.jobs.records import State
from tests.robustness.faults.path import PreparedPath
from tests.robustness.faults.trial import Trial
from tests.support.builders import dead, discarded, given_back, succeeded

MINUTE = 60_000


def quiet(trial: Trial) -> PreparedPath:
    """An operator's command, which the worker hears: it gives back what it has not begun."""
    trial.given(3)
    trial.beat()
    claims = trial.exchange(3)
    inspection = trial.broker.inspection

    def act() -> None:
        assert trial.insist(lambda: inspection.command_worker("w1", WorkerCommand.QUIET))
        assert trial.beat().command is WorkerCommand.QUIET, "the worker does not hear of it"
        assert trial.beat(quiet=True).command is None
        trial.exchange(0, [*trial.run(claims[:1]), *map(given_back, claims[1:])])

    return PreparedPath(act)


def abandon(trial: Trial) -> PreparedPath:
    """A worker cannot report an end: the job comes back with the next heartbeat."""
    trial.given(2)
    abandoned, kept = trial.exchange(2)

    def act() -> None:
        trial.worker.session.abandon(succeeded(abandoned))
        trial.beat()
        trial.exchange(0, trial.run([kept, *trial.exchange(1)]))

    return PreparedPath(act)


def stop(trial: Trial) -> PreparedPath:
    """A worker's end: it listens no more, what is finished is settled, and the rest given back."""
    trial.given(3)
    trial.beat()
    claims = trial.exchange(3)

    def act() -> None:
        trial.try_once(trial.worker.session.interrupt)
        trial.listen(0)
        trial.exchange(0, trial.run(claims[:1]))
        trial.beat(succeeded=1)
        trial.try_once(trial.worker.close)

    return PreparedPath(act)


def retry(trial: Trial) -> PreparedPath:
    (job, _) = trial.given(2)
    trial.exchange(0, map(dead, trial.exchange(2)))
    trial.given(1, run_at=trial.clock.now() + MINUTE)
    later = max(trial.answers.known)

    def act() -> None:
        trial.answers.revivable.add(job.id)
        trial.insist(lambda: trial.broker.inspection.retry(job.id))
        trial.insist(lambda: trial.broker.inspection.retry(later))
        trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act)


def cancel(trial: Trial) -> PreparedPath:
    queued = trial.given(2)[0].id
    later = trial.given(1, run_at=trial.clock.now() + MINUTE)[0].id

    def act() -> None:
        for job_id in (queued, later):
            trial.answers.cancelled.add(job_id)
            trial.insist(lambda job_id=job_id: trial.broker.inspection.cancel(job_id))  # type: ignore[misc]
        trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act)


def cancel_what_runs(trial: Trial) -> PreparedPath:
    """Its worker hears of it, and ends it."""
    (cancelled, _) = trial.given(2)
    claims = trial.exchange(2)
    trial.answers.cancelled.add(cancelled.id)

    def act() -> None:
        trial.insist(lambda: trial.broker.inspection.cancel(cancelled.id))
        assert trial.beat().cancelled == (cancelled.id,)
        trial.exchange(0, [discarded(claims[0]), *trial.run(claims[1:])])

    return PreparedPath(act)


def delete(trial: Trial) -> PreparedPath:
    ended = trial.given(1)[0].id
    trial.exchange(0, map(dead, trial.exchange(1)))
    queued = trial.given(2)[0].id
    later = trial.given(1, run_at=trial.clock.now() + MINUTE)[0].id

    def act() -> None:
        for job_id in (ended, queued, later):
            trial.remove([job_id], lambda job_id=job_id: trial.broker.inspection.delete(job_id))  # type: ignore[misc]
        trial.exchange(0, trial.run(trial.exchange(3)))

    return PreparedPath(act)


def clear(trial: Trial) -> PreparedPath:
    running = trial.given(1)
    claims = trial.exchange(1)
    queued = [job.id for job in trial.given(3)]

    def act() -> None:
        trial.remove(queued, lambda: trial.broker.inspection.clear("default"))
        trial.exchange(0, trial.run(claims))
        assert trial.states()[running[0].id] is State.SUCCEEDED

    return PreparedPath(act)


def pause_and_resume(trial: Trial) -> PreparedPath:
    trial.given(2)
    inspection = trial.broker.inspection

    def act() -> None:
        trial.insist(lambda: inspection.pause("default"))
        assert not trial.exchange(2), "a paused queue gives"
        trial.insist(lambda: inspection.resume("default"))
        trial.exchange(0, trial.run(trial.exchange(2)))

    return PreparedPath(act)


CARE_PATHS = (
    *(quiet, abandon, stop, retry, cancel, cancel_what_runs),
    *(delete, clear, pause_and_resume),
)
