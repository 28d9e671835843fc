"""The page of periodic tasks, and its actions."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from django_jobs import periodic
from django_jobs.backends.base import JobBackend
from django_jobs.dashboard.cron_text import describe
from django_jobs.jobs.records import State
from django_jobs.periodic_tasks.cron import CronSchedule
from django_jobs.periodic_tasks.registry import isolated_registry
from tests.apps.command_site import tasks
from tests.integration.dashboard.helpers import do
from tests.support.builders import dead, make_job
from tests.support.driver import Driver, claim_tick

PERIODIC = reverse("django_jobs_dashboard:periodic")


@pytest.fixture(autouse=True)
def report() -> Iterator[None]:
    """One periodic task, in addition to those of the example site, which are imported already."""
    with isolated_registry():
        periodic("0 8 * * 1-5", timezone="Europe/Berlin", name="report")(tasks.greet)
        yield


def test_it_is_shown_in_words(operator: Client, backend: JobBackend) -> None:
    html = operator.get(PERIODIC).content.decode()
    for text in ("report", "0 8 * * 1-5", "Monday to Friday at 08:00", "Europe/Berlin"):
        assert text in html
    assert ("Periodic tasks do not run on schedule" in html) is not backend.persistent


def test_its_last_job_is_shown_with_its_state(operator: Client, redis_backend: JobBackend) -> None:
    broker, worker = redis_backend.broker, Driver(redis_backend.broker)
    claim_tick(broker, "report", None, 1_700_000_000_000, make_job())
    worker.settle(dead(worker.take_one()))
    html = operator.get(PERIODIC).content.decode()
    assert 'datetime="2023-11-14T22:13:20.000+00:00"' in html
    assert 'class="badge dead"' in html


@pytest.mark.django_db(transaction=True)  # jobs wait for the commit
def test_it_is_run_now(operator: Client, redis_backend: JobBackend) -> None:
    assert "report was enqueued as this job." in do(operator, "run_periodic", name="report")
    [record] = redis_backend.broker.inspection.jobs(State.QUEUED)
    assert record.job.task == "tests.apps.command_site.tasks.greet"


def test_it_is_switched_off_and_on(operator: Client, redis_backend: JobBackend) -> None:
    html = do(operator, "switch_off_periodic", name="report")
    assert "report is switched off" in html
    assert 'class="badge off"' in html
    assert list(redis_backend.broker.inspection.switched_off()) == ["report"]
    assert "report is switched on" in do(operator, "switch_on_periodic", name="report")
    assert dict(redis_backend.broker.inspection.switched_off()) == {}


@pytest.mark.parametrize("button", ["run_periodic", "switch_off_periodic", "switch_on_periodic"])
def test_only_what_is_declared_here_can_be_named(
    button: str, operator: Client, redis_backend: JobBackend
) -> None:
    assert "This periodic task does not exist." in do(operator, button, name="os.system")
    assert dict(redis_backend.broker.inspection.switched_off()) == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("* * * * * */10", "every 10 seconds"),
        ("* * * * * *", "every second"),
        ("5 * * * *", "every hour, at minute 5"),
        ("0 */2 * * *", "every 2 hours, at minute 0"),
        ("0 8 * * *", "every day at 08:00"),
        ("30 8,18 * * *", "every day at 08:30 and 18:30"),
        ("0 */8 * * *", "every day at 00:00, 08:00 and 16:00"),
        ("@daily", "every day at 00:00"),
        ("@hourly", "every hour, at minute 0"),
        ("@weekly", "every Sunday at 00:00"),
        ("0 8 * * 1-5", "Monday to Friday at 08:00"),
        ("0 8 * * mon,thu", "every Monday and Thursday at 08:00"),
        ("0 8 1 * *", "on day 1 of each month at 08:00"),
        ("0 8 1,15 * *", "on days 1 and 15 of each month at 08:00"),
        ("0 8 L * *", "on the last day of each month at 08:00"),
        ("0 0 1 jan *", "every year on January 1 at 00:00"),
        # For these the line itself is the plainest word.
        ("0 8 * * mon#1", ""),
        ("*/7 * * * *", ""),
        ("0 8 1 * mon", ""),
        ("0-10 8 * * *", ""),
        ("0 0 * 2 *", ""),
        ("30 0 8 * * *", ""),
        ("0 8 * * * 30", ""),
    ],
)
def test_a_simple_cron_line_is_described_in_words(line: str, words: str) -> None:
    with translation.override("en"):
        assert describe(CronSchedule(line, ZoneInfo("UTC"))) == words


def test_a_cron_line_with_a_hash_is_described_with_its_minute() -> None:
    assert describe(CronSchedule("H 3 * * *", ZoneInfo("UTC"), "report")).startswith(
        "every day at 03:"
    )
