"""Every exception of the package."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured


class JobsError(Exception):
    """The base class of all errors of django_jobs."""


# --- at enqueue ------------------------------------------------------------------------------


class UnserializableArgument(JobsError, TypeError):
    """An argument of a call cannot be written as JSON; the message has its path."""


class WrongArguments(JobsError, TypeError):
    """A call does not fit the parameters of its task; the message says which argument it is."""


class PayloadTooLarge(JobsError, ValueError):
    """The arguments of one job are larger than the backend's `max_payload`."""


class QueueFull(JobsError):
    """The thread pool's queue stayed full for `full_timeout` seconds."""


class DuplicateJob(JobsError):
    """A unique job was not enqueued, as another one holds its lock (`on_conflict="raise"`).

    Args:
        task: dotted path of the task.
        holder: id of the job that holds the lock, or None if that is an earlier item of the same
            `bulk_enqueue`, which is not enqueued either.
        index: of the item of `bulk_enqueue`, or None.
    """

    def __init__(self, task: str, holder: str | None, index: int | None = None) -> None:
        where = "" if index is None else f"bulk_enqueue: item {index}: "
        there = f"job {holder} of it" if holder else "an earlier item"
        super().__init__(
            f"{where}{task} was not enqueued: it is unique, and {there} has the same arguments."
        )
        self.task = task
        self.holder = holder
        self.index = index


class BatchEnded(JobsError):
    """A batch takes no more members: its `with` block is over, and no running member adds them.

    Args:
        batch: id of the batch.
    """

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"The batch {batch} takes no more jobs: it was closed or cancelled, or is not kept any"
            " more. Add jobs inside its with block, or from one of its running members."
        )
        self.batch = batch


class BatchCancelled(JobsError):
    """The dead jobs of a batch or a workflow are not retried, as it was cancelled.

    Args:
        batch: its id.
    """

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"{batch} was cancelled, so its dead jobs cannot be retried: they would be discarded."
        )
        self.batch = batch


class BatchNotFound(JobsError, LookupError):
    """There is no such batch, it waits for a commit, or it is no longer kept.

    Args:
        batch: its id.
        backend: alias in `TASKS`.
    """

    def __init__(self, batch: str, backend: str) -> None:
        super().__init__(
            f"There is no batch {batch[:100]!r} in TASKS[{backend!r}]: it waits for a commit, was"
            " rolled back, or is no longer kept."
        )
        self.batch = batch
        self.backend = backend


# --- of workflows --------------------------------------------------------------------------------


class InvalidWorkflow(JobsError, ValueError):
    """A workflow cannot be built or stored as it is written; the message says what to change."""


class WorkflowNotStored(JobsError):
    """A workflow was not stored: it was cancelled, or an hour passed between two of its calls.

    Args:
        workflow: its id.
        adder: id of the job that was to add others, or "".
    """

    def __init__(self, workflow: str, adder: str = "") -> None:
        if adder:
            super().__init__(
                f"Nothing was added to the workflow {workflow}: it was cancelled, or the job"
                f" {adder} does not run any more, as its worker was taken for lost."
            )
        else:
            super().__init__(
                f"The workflow {workflow} was not stored: it was cancelled, or storing it was"
                " interrupted for an hour. None of its jobs runs. Build and enqueue it again."
            )
        self.workflow = workflow


class WorkflowNotFound(JobsError, LookupError):
    """There is no such workflow, it waits for a commit, or it is no longer kept.

    Args:
        workflow: its id.
        backend: alias in `TASKS`.
    """

    def __init__(self, workflow: str, backend: str) -> None:
        super().__init__(
            f"There is no workflow {workflow[:100]!r} in TASKS[{backend!r}]: it waits for a commit,"
            " was rolled back, or is no longer kept."
        )
        self.workflow = workflow
        self.backend = backend


class UpstreamFailed(JobsError):
    """The job needs the success of another job of its workflow, which has failed."""


class UnusableResult(JobsError):
    """An argument is the result of another job, which cannot be read any more, or is too large."""


# --- of periodic tasks -------------------------------------------------------------------------


class InvalidSchedule(JobsError, ImproperlyConfigured):
    """A cron line or its time zone cannot be used; the message says what to write instead."""


# --- of the broker ---------------------------------------------------------------------------


class BrokerError(JobsError):
    """The broker could not carry out a call."""


class BrokerUnavailable(BrokerError):
    """The broker cannot be reached at the moment; the same call may succeed later."""


class BrokerRefused(BrokerError):
    """The broker refuses the call, and will do so until its configuration is changed."""


class WrongKeyType(BrokerRefused):
    """Another program overwrote a key that all jobs share: run `jobs doctor --repair`."""


# --- of one attempt --------------------------------------------------------------------------


class TaskNotFound(JobsError, LookupError):
    """A job names a task that does not exist in this process."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"There is no task {name[:200]!r} here: {reason}")
        self.name = name
        self.reason = reason


class UnknownFormat(JobsError):
    """A newer django_jobs enqueued the job, in a format that this worker does not know."""


class BrokenPayload(JobsError, ValueError):
    """The stored data of a job cannot be read."""


class UnknownModel(BrokenPayload, LookupError):
    """An argument is an instance of a model that no installed app has."""

    def __init__(self, model: str) -> None:
        super().__init__(f"No installed app has a model {model[:200]!r}: was it renamed?")
        self.model = model


class MissingRecord(JobsError, LookupError):
    """An argument is a model instance that no longer exists."""

    def __init__(self, model: str, pk: object) -> None:
        super().__init__(f"{model} with primary key {pk!r} does not exist any more.")
        self.model = model
        self.pk = pk


class JobExpired(JobsError):
    """The job had not started when its `expires` was over."""


class WorkerLost(JobsError):
    """The worker that ran the job disappeared before it could report the outcome."""


class TaskTimeout(BaseException):
    """An attempt ran longer than the task's `timeout`.

    Not an `Exception`, so that a task's own `except Exception` does not swallow it.
    """


class JobCancelled(BaseException):
    """An operator, or code of the site, cancelled the job while it was running.

    Not an `Exception`, so that a task's own `except Exception` does not swallow it. A coroutine
    sees an `asyncio.CancelledError` in its place.
    """


# --- raised by tasks to choose their outcome ------------------------------------------------------


class RetryLater(JobsError):
    """Raise it in a task to run the job again at a time that the task chooses.

    It counts as an attempt: a job without attempts left is dead.

    Args:
        when: seconds or a timedelta from now, or an aware datetime.
        reason: stored with the job and shown to operators.
    """

    def __init__(self, when: float | timedelta | datetime, reason: str = "") -> None:
        super().__init__(reason or f"asked to be run again: {when}")
        self.when = when


class LimitReached(JobsError):
    """Raise it in a task when a service says that it has had enough, as with the status 429.

    The job starts again when the time is over, at no cost of an attempt, and until then no other
    job does under the same key of its limits. A job without limits waits alone. A job that raises
    it for the 101st time is dead.

    Args:
        retry_after: seconds or a timedelta until jobs may start again, at least one second.
        limit: name of the limit that is to close; None for all rates of the job, or all its limits
            if none of them is a rate.
        reason: for the log, for the page of the job while it waits, and for the failure of one that
            dies of it.
    """

    def __init__(
        self, retry_after: float | timedelta, *, limit: str | None = None, reason: str = ""
    ) -> None:
        super().__init__(reason or f"a limit is reached for {retry_after}")
        self.retry_after = retry_after
        self.limit = limit


class Discard(JobsError):
    """Raise it in a task to end the job as discarded: nothing is left to do, and it is no error.

    Args:
        reason: stored with the job and shown to operators.
    """


class Fail(JobsError):
    """Raise it in a task to end the job as dead at once, even if attempts are left.

    Args:
        reason: stored with the job and shown to operators.
    """
