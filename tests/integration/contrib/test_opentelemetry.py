"""Traces of jobs, as the in-memory exporter of OpenTelemetry gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from django_jobs.backends import JobBackend
from django_jobs.contrib.opentelemetry import tracing
from django_jobs.contrib.opentelemetry.tracing import TracingObserver
from django_jobs.jobs.metadata import MAX_METADATA
from django_jobs.jobs.observers import install, observers, remove
from tests.apps.backend_site import deaths, tasks
from tests.settings import INSTALLED_APPS
from tests.support.results import ended, succeeded
from tests.support.waiting import wait_until


@pytest.fixture
def provider() -> TracerProvider:
    return TracerProvider()


@pytest.fixture
def spans(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", lambda: provider.get_tracer("django_jobs"))
    install(TracingObserver())
    yield exporter
    remove(TracingObserver)


def wait_for(spans: InMemorySpanExporter, number: int) -> list[ReadableSpan]:
    wait_until(lambda: len(spans.get_finished_spans()) >= number, "not all spans have ended")
    return sorted(spans.get_finished_spans(), key=lambda span: span.start_time or 0)


@pytest.mark.parametrize("task", [tasks.echo, tasks.echo_later])
def test_the_trace_goes_from_the_request_into_the_job(
    backend: JobBackend, spans: InMemorySpanExporter, provider: TracerProvider, task: Any
) -> None:
    with provider.get_tracer("site").start_as_current_span("GET /pay/"):
        result = task.enqueue("value")
    succeeded(result)

    request, send, process = wait_for(spans, 3)
    assert request.name == "GET /pay/"
    assert send.parent is not None
    assert process.parent is not None
    assert send.parent.span_id == request.context.span_id
    assert process.parent.span_id == send.context.span_id
    assert process.context.trace_id == request.context.trace_id
    assert (send.kind, process.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert send.name == f"send {task.module_path}"
    assert process.name == f"process {task.module_path}"
    found = dict(process.attributes or {})
    assert found["messaging.system"] == "django_jobs"
    assert found["messaging.operation.type"] == "process"
    assert found["messaging.destination.name"] == "default"
    assert found["messaging.message.id"] == result.id
    assert found["django_jobs.attempt"] == 1
    assert found["django_jobs.state"] == "succeeded"
    assert result.metadata == {}  # what travels is no business of the task


@pytest.mark.parametrize("task", [deaths.fail_thrice, deaths.fail_thrice_later])
def test_each_retry_is_a_span_of_the_same_trace_with_its_error(
    backend: JobBackend, spans: InMemorySpanExporter, task: Any
) -> None:
    ended(task.enqueue())

    send, *attempts = wait_for(spans, 4)
    assert [dict(span.attributes or {})["django_jobs.attempt"] for span in attempts] == [1, 2, 3]
    for span in attempts:
        assert span.parent is not None
        assert span.parent.span_id == send.context.span_id
        assert span.status.status_code is StatusCode.ERROR
        assert dict(span.attributes or {})["error.type"] == "builtins.ValueError"
        (event,) = span.events
        assert event.name == "exception"


def test_spans_of_the_task_s_own_code_stand_below_its_attempt(
    backend: JobBackend, spans: InMemorySpanExporter
) -> None:
    tasks.seen.clear()
    succeeded(tasks.enqueue_another.enqueue("x"))

    send, process, inner_send, inner = wait_for(spans, 4)
    assert inner_send.parent is not None
    assert inner_send.parent.span_id == process.context.span_id
    assert len({span.context.trace_id for span in (send, process, inner_send, inner)}) == 1


def test_many_jobs_of_one_call_have_one_producer(
    backend: JobBackend, spans: InMemorySpanExporter
) -> None:
    for result in tasks.echo.bulk_enqueue([[1], [2], [3]]):
        succeeded(result)

    send, *attempts = wait_for(spans, 4)
    assert dict(send.attributes or {})["messaging.batch.message_count"] == 3
    assert {span.parent.span_id for span in attempts if span.parent} == {send.context.span_id}


def test_without_a_provider_nothing_is_recorded_and_jobs_run(backend: JobBackend) -> None:
    install(TracingObserver())
    try:
        assert succeeded(tasks.echo.enqueue("value")) == [["value"], {}]
        assert not trace.get_current_span().is_recording()
    finally:
        remove(TracingObserver)


def test_a_tracer_that_fails_harms_no_job(
    backend: JobBackend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("no tracer")

    monkeypatch.setattr(tracing, "_tracer", fail)
    install(TracingObserver())
    try:
        assert succeeded(tasks.echo.enqueue("value")) == [["value"], {}]
    finally:
        remove(TracingObserver)
    assert "A library that follows jobs failed" in caplog.text


def test_the_app_turns_tracing_on(settings: Any) -> None:
    settings.INSTALLED_APPS = [*INSTALLED_APPS, "django_jobs.contrib.opentelemetry"]
    try:
        assert [type(one) for one in observers] == [TracingObserver]
    finally:
        remove(TracingObserver)


def test_a_context_for_which_there_is_no_room_is_left_out(
    backend: JobBackend, spans: InMemorySpanExporter
) -> None:
    large = {"text": "x" * (MAX_METADATA - 20)}

    result = tasks.echo.using(metadata=large).enqueue("value")

    assert succeeded(result) == [["value"], {}]
    _, process = wait_for(spans, 2)
    assert process.parent is None
