"""What follows the end of a job: signals, and the `on_death` of its task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django_jobs import errors
from django_jobs.compat import AnyTask, task_finished
from django_jobs.errors import JobExpired, JobsError
from django_jobs.jobs.records import Failure, Job, State
from django_jobs.jobs.result import AnyJobResult
from django_jobs.signals import job_dead, job_retrying

from .announcements import Effect, is_heard, send
from .context import RunContext
from .verdict import Verdict

logger = logging.getLogger("django_jobs")


def after_failure(
    context: RunContext,
    job: Job,
    task: AnyTask | None,
    error: BaseException,
    verdict: Verdict,
    result: Callable[[], AnyJobResult | None],
) -> tuple[Effect, ...]:
    """Return what follows an attempt that failed.

    Args:
        task: None if it was not found.
        result: returns the job's result after the attempt, or None if it can't be built.
    """
    if verdict.state.is_final:
        ended = _finished(context, task, result)
        return (*ended, *after_death(context, job, task, error, verdict.state, result))
    if task is None or not job_retrying.receivers or (known := result()) is None:
        return ()
    arguments = {"task_result": known, "error": error, "delay": verdict.delay}
    return (partial(send, (job_retrying, {"sender": context.sender, **arguments})),)


def _finished(
    context: RunContext, task: AnyTask | None, result: Callable[[], AnyJobResult | None]
) -> tuple[Effect, ...]:
    if task is None or not is_heard(task_finished) or (known := result()) is None:
        return ()
    return (partial(send, (task_finished, {"sender": context.sender, "task_result": known})),)


def after_death(
    context: RunContext,
    job: Job,
    task: AnyTask | None,
    error: BaseException,
    state: State,
    result: Callable[[], AnyJobResult | None],
) -> tuple[Effect, ...]:
    """Return what follows when a job is dead, or expired before it could start."""
    effects: list[Effect] = []
    if state is State.DEAD and job_dead.receivers:
        about = {"job_id": job.id, "task": job.task, "error": error, "task_result": result()}
        effects.append(partial(send, (job_dead, {"sender": context.sender, **about})))
    if task and (state is State.DEAD or isinstance(error, JobExpired)):
        on_death = context.task_info(job.task, task).on_death
        if on_death and (known := result()):
            effects.append(partial(_call, on_death, known, error))
    return tuple(effects)


def _call(on_death: Callable[[Any, Any], object], result: AnyJobResult, error: Any) -> None:
    """Call the `on_death` of a task; an error that it raises is logged and goes no further."""
    try:
        on_death(result, error)
    except BaseException:
        logger.exception(
            "The on_death of %s failed for job %s, which stays as it is.",
            *(result.task.module_path, result.id),
            extra={"job_id": result.id, "task": result.task.module_path},
        )


def error_of(failure: Failure) -> JobsError:
    """Return an error for a failure that a broker has recorded, such as `WorkerLost`."""
    kind = getattr(errors, failure.exception.rpartition(".")[2], None)
    if isinstance(kind, type) and issubclass(kind, JobsError):
        return kind(failure.message)
    return JobsError(f"{failure.exception}: {failure.message}")
