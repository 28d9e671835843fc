"""The attempts and events of a job, from when it was enqueued to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.brokers.constants import UPSTREAM_FAILED
from django_jobs.jobs.records import Failure, JobRecord, State

KINDS: dict[str, tuple[str, Any]] = {
    "enqueued": ("jobs", _("Enqueued")),
    "due": ("clock", _("Due")),
    "started": ("play", _("Attempt %(number)s started")),
    "failed": ("alert", _("Attempt %(number)s failed")),
    State.SCHEDULED: ("clock", _("Scheduled")),
    State.RETRYING: ("retry", _("Next attempt")),
    State.QUEUED: ("queues", _("Queued again")),
    State.SUCCEEDED: ("check", _("Succeeded")),
    State.DEAD: ("cross", _("Dead: no attempts left")),
    State.DISCARDED: ("cancel", _("Discarded")),
}
"""The icon and label of each kind of event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt.

    Attributes:
        number: 1 for the first attempt, or None if unknown.
        state: `DEAD` if it failed, `SUCCEEDED`, or `RUNNING`.
        started_at: Unix milliseconds, or None if unknown.
        ended_at: Unix milliseconds, or None if unknown or still running.
        latency: milliseconds from when the job was ready until the attempt started.
        duration: milliseconds from its start to its end.
        failure: the error, if it failed.
    """

    number: int | None
    state: State
    worker: str
    started_at: int | None = None
    ended_at: int | None = None
    latency: int | None = None
    duration: int | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event on the timeline of a job.

    Attributes:
        kind: a key of `KINDS`.
        at: Unix milliseconds.
        after: milliseconds since the previous event, or None for the first.
        attempt: the number of the attempt, or None.
        is_ahead: whether the event is in the future.
    """

    kind: str
    at: int
    after: int | None = None
    attempt: int | None = None
    is_ahead: bool = False

    @property
    def icon(self) -> str:
        return KINDS[self.kind][0]

    @property
    def label(self) -> str:
        return str(KINDS[self.kind][1] % {"number": self.attempt or "?"})


def attempts(record: JobRecord) -> list[Attempt]:
    """Return the known attempts of a job, the latest first."""
    failures = (one for one in record.failures if one.exception != UPSTREAM_FAILED)
    known = [_failed(failure) for failure in failures]
    last = _last(record)
    return [*([last] if last else []), *reversed(known)]


def events(record: JobRecord, now: int) -> list[Event]:
    """Return the events of a job in chronological order."""
    found = sorted(_moments(record), key=lambda event: event.at)
    befores = [None, *(event.at for event in found)]
    return [
        replace(event, after=None if before is None else event.at - before, is_ahead=event.at > now)
        for event, before in zip(found, befores, strict=False)
    ]


def _failed(failure: Failure) -> Attempt:
    started = None if failure.duration is None else failure.at - failure.duration
    return Attempt(
        number=failure.attempt or None,
        state=State.DEAD,
        worker=failure.worker,
        started_at=started,
        ended_at=failure.at or None,
        latency=failure.latency,
        duration=failure.duration,
        failure=failure,
    )


def _last(record: JobRecord) -> Attempt | None:
    """Return the attempt that is running or has succeeded, which has no failure record."""
    started = record.last_attempted_at
    if record.state not in {State.RUNNING, State.SUCCEEDED} or started is None:
        return None
    ended = record.finished_at if record.state is State.SUCCEEDED else None
    return Attempt(
        number=record.attempts or None,
        state=record.state,
        worker=record.workers[-1] if record.workers else "",
        started_at=started,
        ended_at=ended,
        latency=None if record.queued_at is None else max(0, started - record.queued_at),
        duration=None if ended is None else max(0, ended - started),
    )


def _moments(record: JobRecord) -> Iterator[Event]:
    yield from _beginning(record)
    for attempt in attempts(record):
        if attempt.started_at is not None:
            yield Event(kind="started", at=attempt.started_at, attempt=attempt.number)
        if attempt.failure and attempt.ended_at is not None:
            yield Event(kind="failed", at=attempt.ended_at, attempt=attempt.number)
    yield from _end(record)


def _beginning(record: JobRecord) -> Iterator[Event]:
    job = record.job
    if job.enqueued_at:
        yield Event(kind="enqueued", at=job.enqueued_at)
    if job.run_at is not None and record.state is not State.SCHEDULED:
        yield Event(kind="due", at=job.run_at)


def _end(record: JobRecord) -> Iterator[Event]:
    if record.due_at is not None:
        yield Event(kind=record.state.value, at=record.due_at)
    if record.state is State.QUEUED and record.queued_at and record.failures:
        yield Event(kind=record.state.value, at=record.queued_at)
    if record.state.is_final and record.finished_at is not None:
        yield Event(kind=record.state.value, at=record.finished_at)
