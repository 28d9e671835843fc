"""The paths of those who take care: a worker that stops, and an operator who repairs."""

from __future__ import annotations

from django_jobs.brokers.messages import WorkerCommand
from django_jobs.jobs.records import State
from tests.robustness.faults.path import Scene
from tests.robustness.faults.run import Stage
from tests.support.driver import dead, given_back

MINUTE = 60_000


def quiet(stage: Stage) -> Scene:
    """An operator's command, which the worker hears: it gives back what it has not begun."""
    stage.given(3)
    stage.beat()
    claims = stage.exchange(3)
    inspection = stage.broker.inspection

    def act() -> None:
        assert stage.insist(lambda: inspection.command_worker("w1", WorkerCommand.QUIET))
        assert stage.beat().command is WorkerCommand.QUIET, "the worker does not hear of it"
        assert stage.beat(quiet=True).command is None
        stage.exchange(0, [*stage.run(claims[:1]), *map(given_back, claims[1:])])

    return Scene(act)


def stop(stage: Stage) -> Scene:
    """A worker's end: it listens no more, what is finished is settled, and the rest given back."""
    stage.given(3)
    stage.beat()
    claims = stage.exchange(3)

    def act() -> None:
        stage.try_once(stage.worker.session.interrupt)
        stage.listen(0)
        stage.exchange(0, stage.run(claims[:1]))
        stage.beat(succeeded=1)
        stage.try_once(stage.worker.close)

    return Scene(act)


def retry(stage: Stage) -> Scene:
    (job, _) = stage.given(2)
    stage.exchange(0, map(dead, stage.exchange(2)))
    stage.given(1, run_at=stage.clock.now() + MINUTE)
    later = max(stage.books.known)

    def act() -> None:
        stage.books.revivable.add(job.id)
        stage.insist(lambda: stage.broker.inspection.retry(job.id))
        stage.insist(lambda: stage.broker.inspection.retry(later))
        stage.exchange(0, stage.run(stage.exchange(3)))

    return Scene(act)


def cancel(stage: Stage) -> Scene:
    queued = stage.given(2)[0].id
    later = stage.given(1, run_at=stage.clock.now() + MINUTE)[0].id

    def act() -> None:
        for job_id in (queued, later):
            stage.books.cancelled.add(job_id)
            stage.insist(lambda job_id=job_id: stage.broker.inspection.cancel(job_id))  # type: ignore[misc]
        stage.exchange(0, stage.run(stage.exchange(3)))

    return Scene(act)


def delete(stage: Stage) -> Scene:
    ended = stage.given(1)[0].id
    stage.exchange(0, map(dead, stage.exchange(1)))
    queued = stage.given(2)[0].id
    later = stage.given(1, run_at=stage.clock.now() + MINUTE)[0].id

    def act() -> None:
        for job_id in (ended, queued, later):
            stage.remove([job_id], lambda job_id=job_id: stage.broker.inspection.delete(job_id))  # type: ignore[misc]
        stage.exchange(0, stage.run(stage.exchange(3)))

    return Scene(act)


def clear(stage: Stage) -> Scene:
    running = stage.given(1)
    claims = stage.exchange(1)
    queued = [job.id for job in stage.given(3)]

    def act() -> None:
        stage.remove(queued, lambda: stage.broker.inspection.clear("default"))
        stage.exchange(0, stage.run(claims))
        assert stage.states()[running[0].id] is State.SUCCEEDED

    return Scene(act)


def pause_and_resume(stage: Stage) -> Scene:
    stage.given(2)
    inspection = stage.broker.inspection

    def act() -> None:
        stage.insist(lambda: inspection.pause("default"))
        assert not stage.exchange(2), "a paused queue gives"
        stage.insist(lambda: inspection.resume("default"))
        stage.exchange(0, stage.run(stage.exchange(2)))

    return Scene(act)


CARE_PATHS = (quiet, stop, retry, cancel, delete, clear, pause_and_resume)
