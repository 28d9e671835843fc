"""Every exception of the package."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured


class JobsError(Exception):
    """The root of all errors of django_jobs."""


# --- at enqueue ------------------------------------------------------------------------------


class UnserializableArgument(JobsError, TypeError):
    """An argument of a call cannot travel as JSON; the message holds its path."""


class PayloadTooLarge(JobsError, ValueError):
    """The arguments of one job are larger than the backend's `max_payload`."""


class QueueFull(JobsError):
    """The thread pool's queue stayed full for `full_timeout` seconds."""


# --- of periodic tasks -------------------------------------------------------------------------


class InvalidSchedule(JobsError, ImproperlyConfigured):
    """A cron line or its time zone cannot be used; the message says what to write instead."""


# --- of the broker ---------------------------------------------------------------------------


class BrokerError(JobsError):
    """The store of the jobs could not do what was asked."""


class BrokerUnavailable(BrokerError):
    """The store cannot be reached at the moment; the same call may succeed later."""


class BrokerRefused(BrokerError):
    """The store answers but refuses the call until somebody changes its configuration."""


# --- of one attempt --------------------------------------------------------------------------


class TaskNotFound(JobsError, LookupError):
    """A job names a task that this process does not have."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"There is no task {name[:200]!r} here: {reason}")
        self.name = name
        self.reason = reason


class BrokenPayload(JobsError, ValueError):
    """What is stored for a job is not what django_jobs writes."""


class UnknownModel(BrokenPayload, LookupError):
    """A model instance that was given as an argument is of a model that this process lacks."""

    def __init__(self, model: str) -> None:
        super().__init__(f"No installed app has a model {model[:200]!r}: was it renamed?")
        self.model = model


class MissingRecord(JobsError, LookupError):
    """A model instance that was given as an argument does not exist any more."""

    def __init__(self, model: str, pk: object) -> None:
        super().__init__(f"{model} with primary key {pk!r} does not exist any more.")
        self.model = model
        self.pk = pk


class JobExpired(JobsError):
    """The job had not started by the end of its task's `expires`."""


class WorkerLost(JobsError):
    """The worker that ran the job vanished before it could report."""


class TaskTimeout(BaseException):
    """An attempt ran longer than the task's `timeout`.

    Not an `Exception`, so that a task's own `except Exception` does not swallow it.
    """


# --- raised by tasks, to say how they end ------------------------------------------------------


class RetryLater(JobsError):
    """Raise it in a task to be run again at a time of the task's own choice.

    It counts as an attempt: a task that is out of attempts is dead all the same.

    Args:
        when: seconds or a timedelta from now, or an aware datetime.
        reason: kept with the job, shown to operators.
    """

    def __init__(self, when: float | timedelta | datetime, reason: str = "") -> None:
        super().__init__(reason or f"asked to be run again: {when}")
        self.when = when


class Discard(JobsError):
    """Raise it in a task to end the job as discarded: nothing to do any more, and no error.

    Args:
        reason: kept with the job, shown to operators.
    """


class Fail(JobsError):
    """Raise it in a task to end the job as dead at once, however many attempts are left.

    Args:
        reason: kept with the job, shown to operators.
    """
