"""The page of queues, and its actions."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Turn
from tests.integration.dashboard.helpers import do
from tests.support.builders import limited, make_job, make_jobs
from tests.support.driver import Driver

QUEUES = reverse("django_jobs_dashboard:queues")


def row(html: str, queue: str) -> str:
    """The row of a queue, as text."""
    return html.partition(f'id="queue-{queue}"')[2].partition("</tr>")[0]


def test_each_queue_is_shown_with_its_jobs(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push(make_jobs(1234, queue="mailers"))
    worker.heartbeat(queues=("default", "mailers"))
    html = operator.get(QUEUES).content.decode()
    assert "1,234 jobs ready to start" in html
    assert ">1,234<" in row(html, "mailers")
    assert 'data-label="Workers" class="number">1<' in row(html, "mailers")
    assert ">0<" in row(html, "critical")  # known from the settings, without a job so far


def test_the_fair_keys_of_a_queue_are_shown(operator: Client, backend: JobBackend) -> None:
    push = backend.broker.push
    push(make_jobs(2, queue="low", turn=Turn("https://me:hidden@example.com")))
    push(make_jobs(1_200, queue="low", turn=Turn("<customer 24>"), priority=2))
    page = operator.get(QUEUES).content.decode()
    html = page.partition('id="fair-low"')[2].partition("</section>")[0]
    first, _, second = html.partition("<tbody>")[2].partition("</tr>")
    assert "&lt;customer 24&gt;" in first
    assert 'data-label="Priority" class="number">2<' in first
    assert 'data-label="Rounds" class="number">1,200<' in first
    assert "example.com" in second
    assert "hidden" not in html
    assert 'id="fair-default"' not in page


def test_the_fair_key_of_a_job_is_shown(operator: Client, backend: JobBackend) -> None:
    job = make_job(turn=Turn("customer 7", 2))
    backend.broker.push([job])
    page = operator.get(reverse("django_jobs_dashboard:job"), {"id": job.id}).content.decode()
    assert "<dd>customer 7 · weight 2</dd>" in page


def test_a_queue_that_no_worker_serves_is_marked(
    operator: Client, redis_backend: JobBackend
) -> None:
    redis_backend.broker.push(make_jobs(1, queue="low"))
    Driver(redis_backend.broker, "w1").heartbeat(queues=("default",))
    assert "none</span>" in row(operator.get(QUEUES).content.decode(), "low")
    overview = operator.get(reverse("django_jobs_dashboard:overview")).content.decode()
    assert "1 job waits in the queue low, which no worker serves." in overview


def test_a_queue_is_paused_and_resumed(
    operator: Client, backend: JobBackend, worker: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    backend.broker.push(make_jobs(1))
    with caplog.at_level(logging.INFO, "django_jobs.dashboard"):
        html = do(operator, "pause_queue", queue="default")
    assert "The queue default is paused" in html
    assert "paused</span>" in row(html, "default")
    assert worker.take(1) == ()
    [line] = [one for one in caplog.records if one.name == "django_jobs.dashboard"]
    assert line.getMessage() == (
        "'view_dashboard-manage_jobs-control_workers': pause queue 'default' (1 changed,"
        " backend default)."
    )
    assert vars(line)["dashboard_action"] == "pause queue"
    assert vars(line)["dashboard_target"] == "default"

    assert "The queue default is active again." in do(operator, "resume_queue", queue="default")
    assert len(worker.take(1)) == 1


def test_the_message_of_an_action_is_shown_once(operator: Client, backend: JobBackend) -> None:
    do(operator, "pause_queue", queue="default")
    assert "is paused. Its jobs wait" not in operator.get(QUEUES).content.decode()


def test_a_live_update_leaves_the_message_for_the_next_visit(
    operator: Client, backend: JobBackend
) -> None:
    operator.post(reverse("django_jobs_dashboard:pause_queue"), {"queue": "default"})
    update = operator.get(QUEUES, headers={"HX-Request": "true"}).content.decode()
    assert "is paused. Its jobs wait" not in update
    assert "is paused. Its jobs wait" in operator.get(QUEUES).content.decode()


def test_a_queue_is_cleared_by_typing_its_name(operator: Client, backend: JobBackend) -> None:
    backend.broker.push(make_jobs(3))
    html = do(operator, "clear_queue", queue="default", typed="defualt")
    assert "Nothing was deleted" in html
    assert ">3<" in row(html, "default")

    html = do(operator, "clear_queue", queue="default", typed=" default ")
    assert "3 jobs were deleted from the queue default." in html
    assert ">0<" in row(html, "default")


def test_a_queue_whose_jobs_all_wait_for_a_limit_is_cleared(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([limited(name, JobLimit("mail", 1)) for name in "abc"])
    worker.take(3)
    assert "Delete 2 jobs from default?" in row(operator.get(QUEUES).content.decode(), "default")

    html = do(operator, "clear_queue", queue="default", typed="default")

    assert "2 jobs were deleted from the queue default." in html
    assert "Delete" not in row(html, "default")


@pytest.mark.parametrize("name", ["pause_queue", "resume_queue", "clear_queue"])
@pytest.mark.parametrize("queue", ["", "other", "default\x00"])
def test_an_unknown_queue_is_refused(
    name: str, queue: str, operator: Client, backend: JobBackend
) -> None:
    assert "This queue does not exist." in do(operator, name, queue=queue, typed=queue)
