"""The `TaskResult` of a job, for Django."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from asgiref.sync import sync_to_async

from django_jobs.clock import from_ms, now_ms
from django_jobs.compat import AnyResult, AnyTask, TaskError, TaskResult, TaskResultStatus
from django_jobs.jobs import foreign_names
from django_jobs.jobs.metadata import decode_metadata, without_reserved
from django_jobs.jobs.records import Claim, Job, JobRecord, State
from django_jobs.serialization.arguments import peek_arguments, peek_value
from django_jobs.validation.ranges import ATTEMPTS

STATUSES = {
    State.SCHEDULED: TaskResultStatus.READY,
    State.WAITING: TaskResultStatus.READY,
    State.QUEUED: TaskResultStatus.READY,
    State.RETRYING: TaskResultStatus.READY,
    State.RUNNING: TaskResultStatus.RUNNING,
    State.SUCCEEDED: TaskResultStatus.SUCCESSFUL,
    State.DEAD: TaskResultStatus.FAILED,
    State.DISCARDED: TaskResultStatus.FAILED,
}


R_co = TypeVar("R_co", covariant=True)

if TYPE_CHECKING:

    class Base(TaskResult[..., R_co], Generic[R_co]):  # type: ignore[type-var]
        """Django's result, with the types that Django itself does not declare."""

        id: str
        enqueued_at: datetime | None
        started_at: datetime | None
        finished_at: datetime | None
        last_attempted_at: datetime | None
        args: list[Any]
        kwargs: dict[str, Any]
        backend: str
        worker_ids: list[str]

        @property
        def return_value(self) -> R_co: ...
        @property
        def is_finished(self) -> bool: ...
        @property
        def attempts(self) -> int: ...

else:

    class Base(TaskResult):
        __slots__ = ()

        def __class_getitem__(cls, parameters):
            return cls


class JobResult(Base[R_co]):
    """A `TaskResult` that is built when it is first used.

    Most callers of `enqueue` never use it, or only its id. The arguments are read from the job's
    text, so they may have types that JSON lacks.
    """

    __slots__ = ("_enqueued", "_metadata")

    _enqueued: tuple[AnyTask, Job, str]
    _metadata: str

    def __post_init__(self) -> None:
        """Do not normalize the arguments: Django's own method accepts plain JSON only."""

    @property
    def raw_metadata(self) -> dict[str, Any]:
        """The job's metadata, including the keys reserved for libraries.

        Raises:
            BrokenPayload: the stored metadata cannot be read.
        """
        return decode_metadata(self._metadata)

    @property
    def metadata(self) -> dict[str, Any]:
        """The job's metadata, without the keys reserved for libraries."""
        return without_reserved(self.raw_metadata)

    def refresh(self) -> None:
        """Read the current state of the job."""
        update_result(self, self.task.get_backend().get_result(self.id), REFRESHED)

    def cancel(self) -> bool:
        """End the job as discarded: at once while it waits, within a heartbeat while it runs.

        Returns:
            False if it has ended, waits for a commit, or is no longer kept.
        """
        backend: Any = self.task.get_backend()
        cancelled: bool = backend.cancel(self.id)
        return cancelled

    async def acancel(self) -> bool:
        """End the job as discarded; see `cancel`."""
        return await sync_to_async(self.cancel)()

    async def arefresh(self) -> None:
        """Read the current state of the job."""
        update_result(self, await self.task.get_backend().aget_result(self.id), REFRESHED)

    if not TYPE_CHECKING:  # it would allow every name

        def __getattr__(self, name: str) -> Any:
            """Build the attributes that are not set yet, as for a job that was just enqueued."""
            if name == "_metadata":
                return self._enqueued[1].metadata if _is_set(self, "_enqueued") else ""
            if name not in ATTRIBUTES:
                raise foreign_names.missing(self, name, foreign_names.OF_RESULTS)
            built = _result(*self._enqueued)
            for attribute in ATTRIBUTES:
                if not _is_set(self, attribute):
                    _set(self, attribute, getattr(built, attribute))
            return _get(self, name)


ATTRIBUTES = tuple(field.name for field in dataclasses.fields(TaskResult))

REFRESHED = (
    *("status", "enqueued_at", "started_at", "finished_at", "last_attempted_at"),
    *("errors", "worker_ids", "_return_value", "_metadata"),
)
"""The attributes that `refresh` updates."""

_get, _set = object.__getattribute__, object.__setattr__

AnyJobResult: TypeAlias = JobResult[Any]


def enqueued_results(task: AnyTask, jobs: Sequence[Job], alias: str) -> list[AnyJobResult]:
    """Return the results of jobs that were just enqueued together."""
    return [_enqueued_result(task, job, alias) for job in jobs]


def _enqueued_result(task: AnyTask, job: Job, alias: str) -> AnyJobResult:
    result = JobResult.__new__(JobResult)
    _set(result, "id", job.id)
    _set(result, "_enqueued", (task, job, alias))
    return result


def _is_set(result: AnyJobResult, attribute: str) -> bool:
    try:
        _get(result, attribute)
    except AttributeError:
        return False
    return True


def attempt_result(task: AnyTask, claim: Claim, worker: str, alias: str) -> AnyJobResult:
    """Return the result of a job at the start of an attempt."""
    job = claim.job
    return _result(
        _as_enqueued(task, job, alias),
        job,
        alias,
        status=TaskResultStatus.RUNNING,
        started_at=from_ms(claim.claimed_at),
        workers=_one_for_each(claim.attempt, [worker]),
    )


def _result(
    task: AnyTask,
    job: Job,
    alias: str,
    *,
    status: TaskResultStatus = TaskResultStatus.READY,
    started_at: datetime | None = None,
    workers: Sequence[str] = (),
) -> AnyJobResult:
    args, kwargs = peek_arguments(job.arguments)
    result = JobResult(
        task=task,
        id=job.id,
        status=status,
        enqueued_at=from_ms(job.enqueued_at),
        started_at=started_at,
        finished_at=None,
        last_attempted_at=started_at,
        args=args,
        kwargs=kwargs,
        backend=alias,
        errors=[],
        worker_ids=[*workers],
    )
    _set(result, "_metadata", job.metadata)
    return result


def _changed(result: AnyJobResult, **changes: Any) -> AnyJobResult:
    changed = dataclasses.replace(result, **changes)
    _set(changed, "_metadata", result._metadata)  # noqa: SLF001
    return changed


def ended_result(
    result: AnyJobResult,
    state: State,
    value: Any,
    error: TaskError | None,
    metadata: str | None = None,
) -> AnyJobResult:
    """Return the result of a job at the end of an attempt.

    Args:
        metadata: JSON text, or None if the attempt did not change it.
    """
    ended = _changed(
        result,
        status=STATUSES[state],
        finished_at=from_ms(now_ms()) if state.is_final else None,
        errors=[*result.errors, error] if error else result.errors,
    )
    _set(ended, "_return_value", value)
    if metadata is not None:
        _set(ended, "_metadata", metadata)
    return ended


def stored_result(task: AnyTask, record: JobRecord, alias: str) -> AnyJobResult:
    """Return the result of a job as the broker has it."""
    job = record.job
    result = _changed(
        _result(_as_enqueued(task, job, alias), job, alias),
        status=STATUSES[record.state],
        started_at=_instant(record.started_at),
        last_attempted_at=_instant(record.last_attempted_at),
        finished_at=_instant(record.finished_at),
        errors=[
            TaskError(exception_class_path=one.exception, traceback=one.traceback or one.message)
            for one in record.failures
        ],
        worker_ids=_one_for_each(record.attempts, record.workers),
    )
    if record.state is State.SUCCEEDED and record.result is not None:
        _set(result, "_return_value", peek_value(record.result))
    return result


def update_result(
    result: AnyJobResult, newer: AnyResult, attributes: Sequence[str] | None = None
) -> None:
    """Update a result from a newer one of the same job.

    Args:
        attributes: which to copy; None for all.
    """
    for attribute in (*ATTRIBUTES, "_metadata") if attributes is None else attributes:
        _set(result, attribute, getattr(newer, attribute))


def _as_enqueued(task: AnyTask, job: Job, alias: str) -> AnyTask:
    """Return a task with the options of one job.

    Unlike `dataclasses.replace`, this does not validate them: the settings may have lost the job's
    queue since it was enqueued, and its result must stay readable.
    """
    options = {
        "priority": job.priority,
        "queue_name": job.queue,
        "backend": alias,
        "run_after": _instant(job.run_at),
    }
    if all(getattr(task, name) == value for name, value in options.items()):
        return task
    copy: AnyTask = object.__new__(type(task))
    for field in dataclasses.fields(task):
        value = options.get(field.name, getattr(task, field.name))
        object.__setattr__(copy, field.name, value)
    return copy


def _one_for_each(attempts: int, workers: Sequence[str]) -> list[str]:
    """Return a worker for each attempt, "" for earlier attempts whose workers are unknown.

    Django counts the attempts of a job by this list. The number comes from Redis, so it is
    bounded.
    """
    unknown = min(attempts, ATTEMPTS.high) - len(workers)
    return [""] * unknown + list(workers)


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)
