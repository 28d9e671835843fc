"""Sentry: one event for each job that is dead, check-ins of periodic tasks, and traces.

sentry_sdk.init(dsn=…, integrations=[JobsIntegration()])
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sentry_sdk
from sentry_sdk.crons import capture_checkin
from sentry_sdk.crons.consts import MonitorStatus
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.tracing import Transaction, TransactionSource
from sentry_sdk.types import MonitorConfig

from django_jobs.jobs.observers import (
    PERIODIC,
    AttemptEnd,
    EnqueuedCalls,
    JobObserver,
    ObservedAttempt,
    install,
)
from django_jobs.jobs.records import Job, State
from django_jobs.logs.fields import JOB_LOGGER
from django_jobs.periodic_tasks.registry import registered_tasks

ORIGIN = "auto.queue.django_jobs"
NAMESPACE = uuid.UUID("6f2d1a52-52c7-4f1e-9a55-8c4a3f0f7c11")
"""Makes the id of a check-in from the id of a job, so that all attempts have the same."""

STATUSES = {State.SUCCEEDED: MonitorStatus.OK, State.DEAD: MonitorStatus.ERROR}
"""What a check-in says at the end of a job; a discarded one had nothing to do."""

CRON_FIELDS = 5

HASHED = re.compile("(?<![A-Za-z])H(?![A-Za-z])")
"""The `H` of a cron line, but not that of THU."""


class JobsIntegration(Integration):
    """Reports jobs to Sentry.

    The lines about dead jobs in the log make no events: each would be a second one.
    """

    identifier = "django_jobs"

    @staticmethod
    def setup_once() -> None:
        ignore_logger(JOB_LOGGER)
        install(SentryObserver())


class SentryObserver(JobObserver):
    """Reports jobs while the integration belongs to the active client."""

    key = "_sentry"

    @contextmanager
    def enqueuing(self, calls: EnqueuedCalls) -> Iterator[dict[str, str] | None]:
        if not _is_active():
            yield None
            return
        with sentry_sdk.start_span(op="queue.publish", name=calls.task, origin=ORIGIN) as span:
            span.set_data("messaging.system", "django_jobs")
            span.set_data("messaging.destination.name", calls.queue)
            traced = {"sentry-trace": sentry_sdk.get_traceparent()}
            traced["baggage"] = sentry_sdk.get_baggage()
            yield {name: text for name, text in traced.items() if text}

    @contextmanager
    def running(self, attempt: ObservedAttempt) -> Iterator[Callable[[AttemptEnd], None] | None]:
        if not _is_active():
            yield None
            return
        job = attempt.job
        with sentry_sdk.isolation_scope() as scope:
            scope.clear_breadcrumbs()
            _describe(scope, job, attempt.number, attempt.backend)
            check_in = _CheckIn(attempt)
            with _transaction(attempt, self.key) as transaction:

                def end(end: AttemptEnd) -> None:
                    _note_end(transaction, end)
                    check_in.end(end)

                yield end

    def died(self, job: Job, attempts: int, backend: str, error: BaseException) -> None:
        if not _is_active():
            return
        with sentry_sdk.isolation_scope() as scope:
            _describe(scope, job, attempts, backend)
            sentry_sdk.capture_exception(error)


def _is_active() -> bool:
    return sentry_sdk.get_client().get_integration(JobsIntegration) is not None


def _describe(scope: sentry_sdk.Scope, job: Job, attempt: int, backend: str) -> None:
    """Give all events of a job its context; the arguments may hold secrets and stay out."""
    scope.set_transaction_name(job.task, source=TransactionSource.TASK)
    scope.set_tag("job.task", job.task)
    scope.set_tag("job.queue", job.queue)
    scope.set_tag("job.id", job.id)
    about = {"id": job.id, "task": job.task, "queue": job.queue}
    scope.set_context("job", {**about, "attempt": attempt, "backend": backend})


@contextmanager
def _transaction(attempt: ObservedAttempt, key: str) -> Iterator[Any]:
    job, carried = attempt.job, attempt.carried(key)
    transaction = sentry_sdk.continue_trace(
        carried if isinstance(carried, dict) else {},
        op="queue.process",
        name=job.task,
        source=TransactionSource.TASK,
        origin=ORIGIN,
    )
    with sentry_sdk.start_transaction(transaction) as started:
        started.set_data("messaging.system", "django_jobs")
        started.set_data("messaging.message.id", job.id)
        started.set_data("messaging.destination.name", job.queue)
        started.set_data("messaging.message.retry.count", attempt.number - 1)
        yield started


def _note_end(transaction: Transaction, end: AttemptEnd) -> None:
    failed = end.error is not None and end.state is not State.DISCARDED
    transaction.set_status("internal_error" if failed else "ok")
    if end.state is State.DEAD and end.error is not None:
        sentry_sdk.capture_exception(end.error)


class _CheckIn:
    """The check-in of one tick of a periodic task: begun by the first attempt, ended by the last.

    Args:
        attempt: of any job; most come from no tick.
    """

    def __init__(self, attempt: ObservedAttempt) -> None:
        name = attempt.carried(PERIODIC)
        self._slug = _slug(name) if isinstance(name, str) else ""
        self._id = uuid.uuid5(NAMESPACE, attempt.job.id).hex
        if self._slug and attempt.number == 1:
            config = _monitor_config(str(name))
            capture_checkin(self._slug, self._id, MonitorStatus.IN_PROGRESS, monitor_config=config)

    def end(self, end: AttemptEnd) -> None:
        if self._slug and end.state.is_final:
            capture_checkin(self._slug, self._id, STATUSES.get(end.state, MonitorStatus.OK))


def _slug(name: str) -> str:
    """Return the name of a periodic task as Sentry takes it: at most 50 of `a-z0-9_-`."""
    allowed = "".join(one if one.isascii() and one.isalnum() else "-" for one in name.lower())
    return allowed[-50:].strip("-")


def _monitor_config(name: str) -> MonitorConfig | None:
    """Return the schedule for Sentry, or None if Sentry could not read the line or the zone."""
    found = next((one for one in registered_tasks() if one.name == name), None)
    if found is None:
        return None
    is_alias = found.line.startswith("@")
    zone = getattr(found.schedule.timezone, "key", None)
    if zone is None or not (is_alias or len(found.line.split()) == CRON_FIELDS):
        return None
    if HASHED.search(found.line):
        return None
    return {"schedule": {"type": "crontab", "value": found.line}, "timezone": zone}
