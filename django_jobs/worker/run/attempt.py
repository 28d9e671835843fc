"""One attempt, from a claim to its settlement: the part that threads and coroutines share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from django.dispatch import Signal

from django_jobs.compat import (
    AnyTask,
    Task,
    TaskError,
    task_finished,
    task_started,
)
from django_jobs.errors import BrokenPayload, Fail, JobExpired, UnserializableArgument
from django_jobs.jobs.context import JobContext
from django_jobs.jobs.metadata import RunningMetadata, UnusableMetadata
from django_jobs.jobs.progress import LISTENER, Progress
from django_jobs.jobs.records import Claim, Settlement, State, bytes_of
from django_jobs.jobs.result import AnyJobResult, attempt_result, ended_result
from django_jobs.serialization.arguments import encode_value
from django_jobs.signals import job_retrying
from django_jobs.tasks.policy import Policy, apply_overrides, policy_of
from django_jobs.tasks.registry import find_task
from django_jobs.tasks.retry import Retry

from . import job_log
from .outcome import Verdict, judge, to_failure, traceback_text
from .receivers import News, Sending, is_heard, is_noticed

logger = logging.getLogger("django_jobs")

ONCE = Retry(attempts=1)


class Declared(NamedTuple):
    """What is read of a task once, and not for each job.

    Attributes:
        policy: what its declaration says.
        call: what runs it in a thread.
    """

    policy: Policy
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all attempts of one worker have in common.

    Attributes:
        alias: of the backend.
        sender: the backend's class, which sends the signals.
        worker: id of the worker.
        retry: the policy of tasks that bring none of their own.
        max_result: bytes that a result may take as JSON.
        retries: whether a failed job is tried again; False where nothing would come back to it.
        policy: what holds for a job whose task was not found.
    """

    alias: str
    sender: type
    worker: str
    retry: Retry
    max_result: int
    retries: bool = True
    policy: Policy = field(init=False)
    _declared: dict[str, Declared] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", Policy(retry=self.retry))

    def declared(self, name: str, task: AnyTask) -> Declared:
        """Return what is read of the task of this name once."""
        declared = self._declared.get(name)
        if declared is None:
            declared = Declared(policy_of(task, self.retry), _caller(task))
            self._declared[name] = declared
        return declared


class Outcome(NamedTuple):
    """How an attempt ended.

    Attributes:
        settlement: what the broker is told.
        news: what the log and the receivers of signals are told.
        error: what ended the attempt, if it did not succeed.
        value: what the task returned.
    """

    settlement: Settlement
    news: News | None = None
    error: BaseException | None = None
    value: Any = None


class Attempt:
    """One attempt: `find`, `begin`, then one of `finish`, `fail` and `give_back`.

    Args:
        reserved: when its claim arrived, in monotonic seconds.

    Attributes:
        call: what runs the task in a thread, once it is found.
    """

    call: Callable[..., Any]

    def __init__(self, claim: Claim, site: Site, reserved: float) -> None:
        self.claim = claim
        self.site = site
        self.reserved = reserved
        self.started = time.monotonic()
        self.task: AnyTask | None = None
        self.progress: Progress | None = None
        self.policy = site.policy
        self._result: AnyJobResult | None = None
        self._metadata: RunningMetadata | None = None

    def find(self) -> AnyTask:
        """Find the task, and refuse a job that came too late.

        Raises:
            TaskNotFound, BrokenPayload, JobExpired
        """
        job = self.claim.job
        if job.expires_at is not None and self.claim.reserved_at >= job.expires_at:
            raise JobExpired(f"{job.task} had not started when its time was over.")
        task = find_task(job.task, job.signature)
        declared = self.site.declared(job.task, task)
        policy = apply_overrides(declared.policy, job.overrides)
        self.policy = policy if self.site.retries else replace(policy, retry=ONCE)
        self.call = declared.call
        self.task = task
        LISTENER.set(self)
        return task

    @property
    def result(self) -> AnyJobResult:
        """What Django calls the running job's result, made when somebody wants to see it."""
        if self._result is None:
            assert self.task is not None
            site = self.site
            self._result = attempt_result(self.task, self.claim, site.worker, site.alias)
        return self._result

    @property
    def metadata(self) -> RunningMetadata:
        """The job's metadata, opened when the task asks for them.

        Raises:
            BrokenPayload: what is stored of them can't be read.
        """
        if self._metadata is None:
            self._metadata = RunningMetadata(self.claim.job.metadata)
        return self._metadata

    @property
    def changed_metadata(self) -> str | None:
        """The metadata that were saved, if they ever differed from what the attempt began with."""
        return self._metadata.changed if self._metadata else None

    def take_unsent_metadata(self) -> str | None:
        """Return the metadata that were saved since this was asked last, or None."""
        return self._metadata.take_unsent() if self._metadata else None

    def begin(self) -> News | None:
        """Return the news of the start, told before the task is called."""
        if not is_noticed(task_started):
            return None
        heard = is_heard(task_started)
        sending = self._sending(task_started, self.result) if heard else None
        return News(self._line(State.RUNNING), sending)

    def positional(self, task: AnyTask, args: list[Any]) -> list[Any]:
        """Return the positional arguments, with the context in front if the task takes one."""
        if not task.takes_context:
            return args
        return [JobContext(self.result, self), *args]

    def finish(self, value: Any) -> Outcome:
        """Return the outcome of a task that returned a value.

        Raises:
            Fail: the return value or the metadata can't be stored; to run the task again would not
                help.
        """
        try:
            text = self._encoded(value)
            if self._metadata:
                self._metadata.save()
        except (UnserializableArgument, UnusableMetadata) as error:
            what = "result" if isinstance(error, UnserializableArgument) else "metadata"
            raise Fail(f"The task did its work, but its {what} can't be stored: {error}") from error
        settlement = self._settlement(State.SUCCEEDED, text)
        news = self._success(value, settlement) if is_noticed(task_finished) else None
        return Outcome(settlement, news, None, value)

    def _encoded(self, value: Any) -> str:
        text = encode_value(value)
        size, limit = bytes_of(text), self.site.max_result
        if size > limit:
            raise Fail(
                f"The task did its work, but its result can't be stored: it takes {size:,} bytes as"
                f" JSON, more than the {limit:,} that the option max_result of"
                f" TASKS[{self.site.alias!r}] permits. Store the data and return its key, or raise"
                " the limit."
            )
        return text

    def fail(self, error: BaseException) -> Outcome:
        """Return the outcome of an attempt that ended with an error."""
        self._save_metadata()
        result = partial(self._result_after, State.DEAD, error=error)
        verdict = judge(error, self.policy, self.claim.attempt, result)
        settlement = self._settlement(verdict.state, delay=round(verdict.delay * 1000))
        waited, duration = settlement.waited, settlement.duration
        failure = to_failure(error, self.claim, self.site.worker, waited, duration)
        delay = None if verdict.state.is_final else verdict.delay
        line = self._line(verdict.state, error, duration=duration, delay=delay)
        handled = None if verdict.state is State.DISCARDED else error
        news = News(line, self._failed(error, verdict), handled)
        return Outcome(settlement._replace(failure=failure), news, error)

    def _save_metadata(self) -> None:
        """Save what the task made of the metadata before it failed, if it can be stored."""
        try:
            if self._metadata:
                self._metadata.save()
        except Exception as error:  # noqa: BLE001 (an attempt ends, whatever its task put there)
            logger.warning("Job %s keeps its old metadata: %s", self.claim.job.id, error)

    def give_back(self) -> Outcome:
        """Return the outcome of an attempt that the worker's end cut short: it does not count."""
        return Outcome(self._settlement(State.QUEUED))

    def result_after(self, outcome: Outcome) -> AnyJobResult | None:
        """Return the job's result as the attempt leaves it.

        None if the job's task was not found, or its arguments, which the result shows, can't be
        read.
        """
        if self.task is None:
            return None
        try:
            return self._result_after(outcome.settlement.state, outcome.value, outcome.error)
        except BrokenPayload:
            return None

    def _settlement(self, state: State, result: str = "null", delay: int = 0) -> Settlement:
        claim, started = self.claim, self.started
        waited, duration = _ms(started - self.reserved), _ms(time.monotonic() - started)
        changed = self._metadata.changed if self._metadata else None
        job_id, token = claim.job.id, claim.token
        return Settlement(job_id, token, state, result, None, delay, waited, duration, changed)

    def _line(
        self, state: State, error: BaseException | None = None, **times: Any
    ) -> job_log.Line | None:
        """Return the line that tells of a state, or None if nobody would see it."""
        if not job_log.is_read(job_log.level_of(state)):
            return None
        line = job_log.Line(self.claim.job, state, self.claim.attempt, self.site.worker, **times)
        return job_log.with_error(line, error) if error else line

    def _success(self, value: Any, settlement: Settlement) -> News:
        line = self._line(State.SUCCEEDED, duration=settlement.duration)
        if not is_heard(task_finished):
            return News(line)
        return News(line, self._finished(self._result_after(State.SUCCEEDED, value)))

    def _result_after(
        self, state: State, value: Any = None, error: BaseException | None = None
    ) -> AnyJobResult:
        """Return the job's result as the attempt leaves it.

        Raises:
            BrokenPayload: its arguments, which it would show, can't be read.
        """
        known = None if error is None else _task_error(error)
        return ended_result(self.result, state, value, known, self.changed_metadata)

    def _failed(self, error: BaseException, verdict: Verdict) -> Sending | None:
        is_final = verdict.state.is_final
        heard = is_heard(task_finished) if is_final else job_retrying.receivers
        if self.task is None or not heard:
            return None
        try:
            result = self._result_after(verdict.state, error=error)
        except BrokenPayload:
            return None
        if is_final:
            return self._finished(result)
        return self._sending(job_retrying, result, error=error, delay=verdict.delay)

    def _finished(self, result: AnyJobResult) -> Sending:
        return self._sending(task_finished, result)

    def _sending(self, signal: Signal, result: AnyJobResult, **more: Any) -> Sending:
        return signal, {"sender": self.site.sender, "task_result": result, **more}


def _task_error(error: BaseException) -> TaskError:
    return TaskError(
        exception_class_path=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback=traceback_text(error),
    )


def _caller(task: AnyTask) -> Callable[..., Any]:
    """Return the function itself, where `Task.call` would ask for each job whether it is one."""
    has_own = type(task).call is not Task.call
    return task.call if has_own or iscoroutinefunction(task.func) else task.func


def runs_in_loop(name: str, signature: str) -> bool:
    """Tell whether a task is a coroutine function; one that is not found is none."""
    try:
        return iscoroutinefunction(find_task(name, signature).func)
    except Exception:  # noqa: BLE001 (the attempt meets it again, and reports it)
        return False


def _ms(seconds: float) -> int:
    return round(seconds * 1000) if seconds > 0 else 0
