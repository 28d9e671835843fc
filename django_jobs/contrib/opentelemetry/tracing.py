"""Spans of jobs, as OpenTelemetry's semantic conventions for messaging want them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from django_jobs.jobs.observers import AttemptEnd, EnqueuedCalls, JobObserver, ObservedAttempt
from django_jobs.jobs.records import State

INSTRUMENTATION = "django_jobs"
SYSTEM = "django_jobs"


class TracingObserver(JobObserver):
    """A span for each enqueueing, and one below it for each attempt of its jobs."""

    key = "_opentelemetry"

    @contextmanager
    def enqueuing(self, calls: EnqueuedCalls) -> Iterator[dict[str, str]]:
        attributes = {
            **_common("send", calls.task, calls.queue, calls.backend),
            **({"messaging.batch.message_count": calls.number} if calls.number > 1 else {}),
        }
        with _tracer().start_as_current_span(
            f"send {calls.task}", kind=SpanKind.PRODUCER, attributes=attributes
        ):
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            yield carrier

    @contextmanager
    def running(self, attempt: ObservedAttempt) -> Iterator[Callable[[AttemptEnd], None]]:
        job = attempt.job
        attributes = {
            **_common("process", job.task, job.queue, attempt.backend),
            "messaging.message.id": job.id,
            "messaging.client.id": attempt.worker,
            "django_jobs.attempt": attempt.number,
        }
        carrier = attempt.carried(self.key)
        parent = propagate.extract(carrier if isinstance(carrier, dict) else {})
        with _tracer().start_as_current_span(
            f"process {job.task}", context=parent, kind=SpanKind.CONSUMER, attributes=attributes
        ) as span:
            yield lambda end: _note_end(span, end)


def _tracer() -> trace.Tracer:
    return trace.get_tracer(INSTRUMENTATION)


def _common(operation: str, task: str, queue: str, backend: str) -> dict[str, AttributeValue]:
    return {
        "messaging.system": SYSTEM,
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": queue,
        "django_jobs.task": task,
        "django_jobs.backend": backend,
    }


def _note_end(span: Span, end: AttemptEnd) -> None:
    span.set_attribute("django_jobs.state", end.state.value)
    if end.error is None:
        return
    kind = type(end.error)
    span.record_exception(end.error)
    if end.state is not State.DISCARDED:
        span.set_attribute("error.type", f"{kind.__module__}.{kind.__qualname__}")
        span.set_status(Status(StatusCode.ERROR, f"{kind.__name__}: {end.error}"))
