"""One attempt, from a claim to its outcome: the steps that threads and the event loop share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from django.dispatch import Signal

from django_jobs.compat import AnyTask, task_finished, task_started
from django_jobs.errors import BrokenPayload, JobExpired, TaskNotFound, UnknownModel
from django_jobs.jobs.context import JobContext
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.metadata import RunningMetadata
from django_jobs.jobs.observers import ObservedAttempt
from django_jobs.jobs.progress import CURRENT_ATTEMPT, Progress
from django_jobs.jobs.records import Claim, Settlement, State, bytes_of, new
from django_jobs.jobs.result import AnyJobResult, attempt_result, ended_result
from django_jobs.relations.node_arguments import with_added_results
from django_jobs.serialization.arguments import dump_value, load_arguments
from django_jobs.serialization.room import OutOfRoom, Room
from django_jobs.tasks.policy import apply_overrides
from django_jobs.tasks.registry import find_task
from django_jobs.tasks.retry import Retry

from . import job_log
from .announcements import Announcement, Effect, is_heard, is_noticed, send
from .context import RunContext
from .endings import after_failure
from .error_text import message_of, said_by, stand_in, task_error, too_large, unstorable
from .outcome import Outcome
from .undecided import Alternatives
from .verdict import Verdict, decide, ms_of, say_reached, to_failure

logger = logging.getLogger("django_jobs")

ONCE = Retry(attempts=1)


class Attempt:
    """One attempt: `find`, `load`, `begin`, then one of `finish`, `fail` and `give_back`.

    Args:
        reserved: when the claim arrived, in monotonic seconds.

    Attributes:
        call: runs the task in a thread; set by `find`.
    """

    call: Callable[..., Any]
    task: AnyTask | None = None
    progress: Progress | None = None
    added: frozenset[str] = frozenset()
    _result: AnyJobResult | None = None
    _metadata: RunningMetadata | None = None
    _unknown: BaseException | None = None  # what the job has that only another release may know

    def __init__(self, claim: Claim, context: RunContext, reserved: float) -> None:
        self.claim = claim
        self.context = context
        self.reserved = reserved
        self.started = time.monotonic()
        self.policy = context.policy

    def find(self) -> AnyTask:
        """Find the task, and refuse a job that came too late.

        Raises:
            TaskNotFound, BrokenPayload, JobExpired
        """
        job = self.claim.job
        if job.expires_at is not None and self.claim.claimed_at >= job.expires_at:
            with suppress(Exception):  # for those who are told of the job's end
                self.task = find_task(job.task, job.signature)
            raise JobExpired(f"{job.task} had not started when its time was over.")
        try:
            task = find_task(job.task, job.signature)
        except TaskNotFound as error:
            self._unknown = error
            self.policy = replace(self.policy, retry=ONCE)
            raise
        info = self.context.task_info(job.task, task)
        policy = apply_overrides(info.policy, job.overrides)
        self.policy = policy if self.context.retries else replace(policy, retry=ONCE)
        self.call = info.call
        self.task = task
        CURRENT_ATTEMPT.set(self)
        return task

    def load(self) -> tuple[list[Any], dict[str, Any]]:
        """Read the arguments of the job.

        Raises:
            BrokenPayload, UnknownModel, MissingRecord, UnusableResult
        """
        try:
            return load_arguments(self.claim.job.arguments, self.context.read_results)
        except UnknownModel as error:
            self._unknown = error
            raise

    @property
    def result(self) -> AnyJobResult:
        """Django's `TaskResult` of the running job, built on first use."""
        if self._result is None:
            assert self.task is not None
            own = self.context
            self._result = attempt_result(self.task, self.claim, own.worker, own.alias)
        return self._result

    @property
    def observed(self) -> ObservedAttempt:
        """What libraries that follow jobs are told of the attempt."""
        claim, own = self.claim, self.context
        return ObservedAttempt(claim.job, claim.attempt, claim.queued_at, own.worker, own.alias)

    @property
    def log_fields(self) -> dict[str, object]:
        """The attributes of each log record that the job's own code makes."""
        return job_log.fields_of(self.claim, self.context.worker, self.context.alias)

    @property
    def membership(self) -> Membership:
        """What lets the job add members to its own batch, if it has one."""
        return Membership(self.claim.job.batch, self.claim.job.id, self.claim.token)

    @property
    def metadata(self) -> RunningMetadata:
        """The job's metadata, read on first use.

        Raises:
            BrokenPayload: the stored metadata can't be read.
        """
        if self._metadata is None:
            self._metadata = RunningMetadata(self.claim.job.metadata)
        return self._metadata

    @property
    def changed_metadata(self) -> str | None:
        """The saved metadata as JSON, or None if the attempt never changed them."""
        return self._metadata.changed if self._metadata else None

    def take_unsent_metadata(self) -> str | None:
        """Return the metadata saved since the last call, or None."""
        return self._metadata.take_unsent() if self._metadata else None

    def begin(self) -> Announcement | None:
        """Return what to announce before the task is called, or None if nobody listens."""
        if not is_noticed(task_started):
            return None
        effects = (self._signal(task_started, self.result),) if is_heard(task_started) else ()
        return Announcement(self._line(State.RUNNING), effects)

    def positional(self, task: AnyTask, args: list[Any]) -> list[Any]:
        """Return the positional arguments, with the context in front if the task takes one."""
        if not task.takes_context:
            return args
        return [JobContext(self.result, self), *args]

    def finish(self, value: Any) -> Outcome:
        """Return the outcome of a task that returned a value.

        Raises:
            Fail: the return value or the metadata can't be stored, so running the task again would
                not help.
        """
        text = ""
        try:
            value, text = self._stored(value)
            if self._metadata:
                self._metadata.save()
        except BaseException as error:  # the code of a value may raise anything
            raise unstorable("metadata" if text else "result", error) from error
        settlement = self._settlement(State.SUCCEEDED, text)
        announcement = self._success(value, settlement) if is_noticed(task_finished) else None
        return Outcome(settlement, announcement, None, value)

    def _stored(self, value: Any) -> tuple[Any, str]:
        """Return a value with references to nodes that were added, and its text."""
        limit = self.context.max_result
        try:
            if self.added:
                value = with_added_results(value, self.added, Room(limit))
            text = dump_value(value, limit)
        except OutOfRoom:
            raise too_large(None, limit, self.context.alias) from None
        if (size := bytes_of(text)) > limit:
            raise too_large(size, limit, self.context.alias)
        return value, text

    def fail(self, error: BaseException) -> Outcome:
        """Return the outcome of an attempt that ended with an error."""
        try:
            return self._failed(error)
        except BaseException as trouble:  # noqa: BLE001 (the error's own code may raise anything)
            return self._failed(stand_in(error, trouble))

    def _failed(self, error: BaseException) -> Outcome:
        if error is self._unknown and self.context.shares_jobs:
            return self._postpone(error)
        self._save_metadata()
        result = partial(self._result_after, State.DEAD, error=error)
        verdict = decide(error, self.policy, self.claim.attempt, result, self.context.retries)
        settlement = self._settlement(verdict.state, delay=round(verdict.delay * 1000))
        duration = settlement.duration
        failure = to_failure(error, self.claim, self.context.worker, settlement.waited, duration)
        if verdict.closes is not None:
            say_reached(self.claim.job, self.task, verdict, failure, self.log_fields)
            return Outcome(settlement._replace(failure=failure, closes=verdict.closes), None, error)
        announcement: Announcement | None = self._failure(error, verdict, duration)
        if announcement and self.context.undecided and verdict.may_be_ended(self.policy):
            discarded = self._failure(error, Verdict(State.DISCARDED), duration)
            alternatives = Alternatives(announcement, discarded, self.log_fields)
            self.context.undecided.add(settlement, alternatives)
            announcement = None
        return Outcome(settlement._replace(failure=failure), announcement, error)

    def _failure(self, error: BaseException, verdict: Verdict, duration: int) -> Announcement:
        delay = None if verdict.state.is_final else verdict.delay
        line = self._line(verdict.state, error, duration=duration, delay=delay)
        known = partial(self._result_if_known, verdict.state, error=error)
        about = (self.context, self.claim.job, self.task, error, verdict, known)
        handled = None if verdict.state is State.DISCARDED else error
        return Announcement(line, after_failure(*about), handled)

    def _postpone(self, error: BaseException) -> Outcome:
        """Return the outcome of an attempt that does not count, as others may know the job."""
        self.context.unknown.report(self.claim.job.task, message_of(error))
        settlement = self._settlement(State.SCHEDULED)
        failure = to_failure(error, self.claim, self.context.worker, settlement.waited, 0)
        return Outcome(settlement._replace(failure=failure), None, error)

    def _save_metadata(self) -> None:
        """Save the metadata as the task left them when it failed, if they can be stored."""
        try:
            if self._metadata:
                self._metadata.save()
        except BaseException as error:  # noqa: BLE001 (the metadata may hold anything)
            logger.warning("Job %s keeps its old metadata: %s", self.claim.job.id, said_by(error))

    def give_back(self) -> Outcome:
        """Return the outcome of an attempt that does not count, as the worker stops."""
        return Outcome(self._settlement(State.QUEUED))

    def result_after(self, outcome: Outcome) -> AnyJobResult | None:
        """Return the job's result; None without its task, or if its arguments can't be read."""
        return self._result_if_known(outcome.settlement.state, outcome.value, outcome.error)

    def _result_if_known(
        self, state: State, value: Any = None, error: BaseException | None = None
    ) -> AnyJobResult | None:
        if self.task is None:
            return None
        try:
            return self._result_after(state, value, error)
        except BrokenPayload:
            return None

    def _settlement(self, state: State, result: str = "null", delay: int = 0) -> Settlement:
        claim, started = self.claim, self.started
        waited, duration = ms_of(started - self.reserved), ms_of(time.monotonic() - started)
        saved = self._metadata.changed if self._metadata else None
        fence = (claim.job.id, claim.token, claim.tag)
        return new(Settlement, (*fence, state, result, None, delay, waited, duration, saved, None))

    def _line(
        self, state: State, error: BaseException | None = None, **times: Any
    ) -> job_log.Line | None:
        """Return the log line of a new state, or None if no handler would write it."""
        if not job_log.is_read(job_log.level_of(state)):
            return None
        own, claim = self.context, self.claim
        line = job_log.Line(claim.job, state, claim.attempt, own.worker, own.alias, **times)
        return line if error is None else job_log.with_error(line, error)

    def _success(self, value: Any, settlement: Settlement) -> Announcement:
        line = self._line(State.SUCCEEDED, duration=settlement.duration)
        if not is_heard(task_finished):
            return Announcement(line)
        result = self._result_after(State.SUCCEEDED, value)
        return Announcement(line, (self._signal(task_finished, result),))

    def _signal(self, signal: Signal, result: AnyJobResult) -> Effect:
        return partial(send, (signal, {"sender": self.context.sender, "task_result": result}))

    def _result_after(
        self, state: State, value: Any = None, error: BaseException | None = None
    ) -> AnyJobResult:
        """Return the job's result after the attempt.

        Raises:
            BrokenPayload: the job's arguments can't be read.
        """
        known = None if error is None else task_error(error)
        return ended_result(self.result, state, value, known, self.changed_metadata)
