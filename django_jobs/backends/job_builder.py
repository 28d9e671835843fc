"""Builds the jobs that a backend pushes from a task and the arguments of its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from django.utils import timezone

from django_jobs.clock import now_ms, to_ms
from django_jobs.compat import AnyTask
from django_jobs.conf.options import BackendOptions
from django_jobs.errors import PayloadTooLarge, UnserializableArgument
from django_jobs.jobs.ids import new_job_ids
from django_jobs.jobs.metadata import encode_with_reserved
from django_jobs.jobs.records import Job, new
from django_jobs.relations.unique import lock_of
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.serialization.room import OutOfRoom
from django_jobs.tasks.calls import Arguments
from django_jobs.tasks.definition import Task
from django_jobs.tasks.fairness import TurnMaker
from django_jobs.tasks.fitting import check_fits
from django_jobs.tasks.limiting import LimitMaker
from django_jobs.tasks.policy import overrides_text, policy_of
from django_jobs.tasks.registry import find_task, is_declared
from django_jobs.tasks.retry import Retry, Seconds, to_seconds
from django_jobs.tasks.signatures import sign
from django_jobs.validation.ranges import MAX_OVERRIDES

CommonFields: TypeAlias = tuple[
    str, str, int, int, int | None, int | None, int, str, str, str, int, str, None
]
"""What all jobs of one call share: the fields of `Job` from `task` to `lock`, at first None."""


NOTHING: Mapping[str, Any] = MappingProxyType({})

FORMAT = 1
"""The lowest format that has all that a job needs. No job needs more than the first one yet."""


class JobBuilder:
    """Builds jobs for one backend.

    Args:
        alias: of the backend, for messages.
        options: of the backend.
        retry: the policy of tasks without one of their own.
    """

    def __init__(self, alias: str, options: BackendOptions, retry: Retry) -> None:
        self._alias = alias
        self._options = options
        self._retry = retry
        self._result_ttl = _to_ms(options.result_ttl)

    def build(
        self,
        task: AnyTask,
        calls: Sequence[Arguments],
        carried: Mapping[str, Any] = NOTHING,
        *,
        after_commit: bool = False,
        batch: str = "",
    ) -> list[Job]:
        """Return a new job for each call.

        Args:
            task: its `run_after` is a datetime or None.
            carried: reserved metadata of libraries, to add to that of the task.
            after_commit: whether the jobs are pushed after the caller has gone on.
            batch: id of the batch whose members the jobs are, or "".

        Raises:
            WrongArguments: the arguments do not fit the function of the task.
            UnserializableArgument: an argument is not a value that JSON can hold.
            PayloadTooLarge: the arguments, the metadata or the changed options are too large.
        """
        check_fits(task, calls)
        common = self._common_fields(task, carried, batch)
        unique = task.unique if isinstance(task, Task) else None
        turns, limits = self._turns(task), self._limits(task)
        jobs: list[Job] = []
        try:
            for job_id, (args, kwargs) in zip(new_job_ids(len(calls)), calls, strict=True):
                arguments = self._dumped(task.module_path, args, kwargs)
                turn = turns and turns.turn_of(args, kwargs, arguments)
                limited_by = limits.limits_of(args, kwargs, arguments) if limits else ()
                job = new(Job, (job_id, arguments, *common, limited_by, turn))
                self._check_size(job)
                if unique:
                    job = job._replace(lock=lock_of(unique, task, args, kwargs, after_commit))
                jobs.append(job)
        except (UnserializableArgument, PayloadTooLarge) as error:
            if len(calls) == 1:
                raise
            raise type(error)(f"bulk_enqueue: item {len(jobs)}: {error}") from error
        return jobs

    def _common_fields(self, task: AnyTask, carried: Mapping[str, Any], batch: str) -> CommonFields:
        now, name = now_ms(), task.module_path
        run_at = None if task.run_after is None else to_ms(task.run_after)
        expires = task.expires if isinstance(task, Task) else None
        result_ttl = task.result_ttl if isinstance(task, Task) else None
        unique = task.unique if isinstance(task, Task) else None
        metadata = task.metadata if isinstance(task, Task) else NOTHING
        return (
            name,
            task.queue_name,
            int(task.priority),  # Django accepts 5.0 as well
            now,
            run_at,
            None if expires is None else max(now, run_at or 0) + _to_ms(expires),
            max(
                self._result_ttl if result_ttl is None else _to_ms(result_ttl),
                unique.keep_for_ms if unique else 0,
            ),
            self._overrides(task),
            sign(name),
            encode_with_reserved(metadata, carried) if metadata or carried else "",
            FORMAT,
            batch,
            None,
        )

    def _limits(self, task: AnyTask) -> LimitMaker | None:
        if not isinstance(task, Task) or not task.limits:
            return None
        return LimitMaker(task, self._options.redact)

    def _turns(self, task: AnyTask) -> TurnMaker | None:
        if not isinstance(task, Task) or task.fair_by is None:
            return None
        return TurnMaker(task, self._options.redact)

    def _overrides(self, task: AnyTask) -> str:
        if is_declared(task):
            return ""
        declared = find_task(task.module_path)
        text = overrides_text(policy_of(task, self._retry), policy_of(declared, self._retry))
        if len(text) > MAX_OVERRIDES:
            raise PayloadTooLarge(
                f"The options of {task.module_path} that this call changed take {len(text):,}"
                f" bytes, more than the {MAX_OVERRIDES:,} that travel with a job. Give them to"
                " @task."
            )
        return text

    def _dumped(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """Return the arguments of a call as JSON text, unless they surely take too much."""
        try:
            return dump_arguments(tuple(args), dict(kwargs), self._options.max_payload)
        except OutOfRoom:
            raise self._too_large(name, "arguments", "more bytes as JSON") from None

    def _check_size(self, job: Job) -> None:
        if job.size > self._options.max_payload:
            what = "arguments and metadata" if job.metadata else "arguments"
            raise self._too_large(job.task, what, f"{job.size:,} bytes as JSON, more")

    def _too_large(self, name: str, what: str, taken: str) -> PayloadTooLarge:
        return PayloadTooLarge(
            f"The {what} of {name} take {taken} than the {self._options.max_payload:,} that the"
            f" option max_payload of TASKS[{self._alias!r}] permits. Store the data and pass its"
            " key, or raise the limit."
        )


def _to_ms(seconds: Seconds) -> int:
    return round(to_seconds(seconds) * 1000)


def with_instant(task: AnyTask) -> AnyTask:
    """Return a task whose `run_after` is a datetime, if it has one."""
    if isinstance(task.run_after, timedelta):
        return replace(task, run_after=timezone.now() + task.run_after)
    return task
