"""Runs one attempt of a task, as a worker would."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ParamSpec, TypeVar, overload

from django_jobs.backends import our_backend
from django_jobs.clock import now_ms
from django_jobs.compat import Task
from django_jobs.conf.options import BackendOptions
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.metadata import encode_metadata
from django_jobs.jobs.records import Claim, Job
from django_jobs.serialization.arguments import dump_arguments, load_value
from django_jobs.tasks.definition import Task as JobTask
from django_jobs.tasks.policy import overrides_text, policy_of
from django_jobs.tasks.registry import check_importable, find_task
from django_jobs.tasks.retry import Retry
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.context import RunContext

from .attempts import run_here

WORKER = "perform"
"""The worker id of the test."""

P = ParamSpec("P")
R = TypeVar("R")


@overload
def perform(task: JobTask[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
@overload
def perform(task: Task[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
@overload
def perform(task: Task[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
def perform(task: Task[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run one attempt of a task here and now, whatever its backend.

    Arguments and the return value are converted to JSON, as in production. The timeout applies,
    and a task that takes the context gets one.

    Returns:
        The return value, as a reader of the result sees it.

    Raises:
        InvalidTask: no worker would find the task.
        UnserializableArgument: an argument cannot travel.
        BaseException: the error of the task.
    """
    __tracebackhide__ = True  # of pytest
    check_importable(task)
    backend = our_backend(task.backend)
    context = _context_of(task) if backend is None else backend.run_context(WORKER)
    claim = _claim(task, context.retry, dump_arguments(args, kwargs))
    outcome = run_here(Attempt(claim, context, 0.0))
    if outcome.error:
        raise outcome.error
    return load_value(outcome.settlement.result)


def _context_of(task: Task[..., Any]) -> RunContext:
    """Return the context for a task of another package's backend."""
    return RunContext(
        alias=task.backend,
        sender=type(task.get_backend()),
        worker=WORKER,
        retry=Retry(),
        max_result=BackendOptions().max_result,
    )


def _claim(task: Task[..., Any], retry: Retry, arguments: str) -> Claim:
    now = now_ms()
    declared = policy_of(find_task(task.module_path), retry)
    job = Job(
        id=new_job_id(),
        task=task.module_path,
        queue=task.queue_name,
        priority=int(task.priority),
        arguments=arguments,
        enqueued_at=now,
        overrides=overrides_text(policy_of(task, retry), declared),
        metadata=encode_metadata(getattr(task, "metadata", {})),
    )
    return Claim(job=job, token=1, tag=0, attempt=1, queued_at=now, claimed_at=now)
