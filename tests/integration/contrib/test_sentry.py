"""What Sentry gets of jobs, through a transport that keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from django_jobs.backends import JobBackend
from django_jobs.contrib.sentry import JobsIntegration, SentryObserver
from django_jobs.errors import WorkerLost
from django_jobs.jobs.observers import PERIODIC, remove, tell_died
from django_jobs.periodic_tasks.registry import isolated_registry, periodic
from tests.apps.backend_site import deaths, tasks
from tests.support.builders import make_job
from tests.support.results import ended, succeeded
from tests.support.waiting import wait_until


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[tuple[str, dict[str, Any]]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        for item in envelope.items:
            payload = item.payload.json
            if payload is not None:
                self.items.append((str(item.type), payload))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.items if name == kind]


@pytest.fixture
def sent() -> Iterator[Kept]:
    kept = Kept()
    sentry_sdk.init(
        dsn="https://key@example.invalid/1",
        transport=kept,
        integrations=[JobsIntegration()],
        traces_sample_rate=1.0,
        auto_enabling_integrations=False,
    )
    JobsIntegration.setup_once()  # which Sentry calls once in a process
    yield kept
    remove(SentryObserver)
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.parametrize("task", [deaths.fail_thrice, deaths.fail_thrice_later])
def test_a_job_makes_one_event_at_its_death_and_none_before(
    backend: JobBackend, sent: Kept, task: Any
) -> None:
    result = ended(task.enqueue())
    wait_until(lambda: len(sent.of("transaction")) == 3)

    (event,) = sent.of("event")
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "no luck")
    assert event["transaction"] == task.module_path
    assert event["tags"]["job.id"] == result.id
    assert event["tags"]["job.queue"] == "default"
    assert event["contexts"]["job"] == {
        "id": result.id,
        "task": task.module_path,
        "queue": "default",
        "attempt": 3,
        "backend": "default",
    }


def test_jobs_that_succeed_or_are_discarded_make_no_event(backend: JobBackend, sent: Kept) -> None:
    succeeded(tasks.echo.enqueue())
    ended(deaths.discard.enqueue())

    wait_until(lambda: len(sent.of("transaction")) == 2)
    assert sent.of("event") == []


@pytest.mark.parametrize("task", [tasks.echo, tasks.echo_later])
def test_the_trace_is_continued_in_the_job(backend: JobBackend, sent: Kept, task: Any) -> None:
    with sentry_sdk.start_transaction(name="GET /pay/", op="http.server"):
        result = task.enqueue("value")
    assert succeeded(result) == [["value"], {}]
    wait_until(lambda: len(sent.of("transaction")) == 2)

    by_name = {one["transaction"]: one for one in sent.of("transaction")}
    request, job = by_name["GET /pay/"], by_name[task.module_path]
    (span,) = request["spans"]
    assert span["op"] == "queue.publish"
    trace = job["contexts"]["trace"]
    assert trace["op"] == "queue.process"
    assert trace["trace_id"] == request["contexts"]["trace"]["trace_id"]
    assert trace["parent_span_id"] == span["span_id"]
    assert trace["data"]["messaging.message.id"] == result.id


def test_breadcrumbs_and_tags_of_one_job_are_not_those_of_the_next(
    backend: JobBackend, sent: Kept
) -> None:
    first, second = ended(deaths.fail_thrice.enqueue()), ended(deaths.fail_thrice.enqueue())
    wait_until(lambda: len(sent.of("event")) == 2)

    assert {event["tags"]["job.id"] for event in sent.of("event")} == {first.id, second.id}
    for event in sent.of("event"):
        crumbs = event.get("breadcrumbs", {}).get("values", [])
        other = second.id if event["tags"]["job.id"] == first.id else first.id
        assert other not in str(crumbs)


def test_a_job_that_died_with_its_workers_makes_an_event(sent: Kept) -> None:
    job = make_job(task="shop.tasks.charge")

    tell_died(job, 3, "default", WorkerLost("3 workers vanished."))

    (event,) = sent.of("event")
    assert event["tags"]["job.id"] == job.id
    assert event["exception"]["values"][0]["type"] == "WorkerLost"


def ticked(task: Any, name: str) -> Any:
    """Enqueue a task as its tick would."""
    return task.using(metadata={PERIODIC: name}).enqueue()


@pytest.mark.parametrize(
    ("task", "ends"),
    [(deaths.succeed, "ok"), (deaths.fail_thrice, "error"), (deaths.discard, "ok")],
)
def test_a_tick_checks_in_at_its_first_attempt_and_at_its_end(
    backend: JobBackend, sent: Kept, task: Any, ends: str
) -> None:
    ended(ticked(task, "shop.tasks.Nightly"))
    wait_until(lambda: len(sent.of("check_in")) == 2)

    began, last = sent.of("check_in")
    assert began["monitor_slug"] == last["monitor_slug"] == "shop-tasks-nightly"
    assert began["check_in_id"] == last["check_in_id"]
    assert (began["status"], last["status"]) == ("in_progress", ends)


def test_without_the_integration_of_the_client_nothing_happens(backend: JobBackend) -> None:
    JobsIntegration.setup_once()
    try:
        assert succeeded(tasks.echo.enqueue("value")) == [["value"], {}]
    finally:
        remove(SentryObserver)


@pytest.mark.parametrize(
    ("line", "zone", "schedule"),
    [
        ("0 8 * * THU", "Europe/Berlin", "0 8 * * THU"),
        ("@daily", "Europe/Berlin", "@daily"),
        ("H 8 * * *", "Europe/Berlin", None),
        ("0 8 * * * 30", "Europe/Berlin", None),
    ],
)
def test_sentry_learns_the_schedules_that_it_can_read(
    backend: JobBackend, sent: Kept, line: str, zone: str, schedule: str | None
) -> None:
    with isolated_registry():
        periodic(line, timezone=zone, name="nightly")(deaths.succeed)
        ended(ticked(deaths.succeed, "nightly"))
        wait_until(lambda: len(sent.of("check_in")) == 2)

    config = sent.of("check_in")[0].get("monitor_config")
    expected = {"schedule": {"type": "crontab", "value": schedule}, "timezone": zone}
    assert config == (expected if schedule else None)
