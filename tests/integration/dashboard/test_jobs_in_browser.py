"""An operator finds a failed job, reads its error and retries it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import JobProgress
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import State
from django_jobs.testing import run_enqueued
from tests.apps.dashboard_site import tasks
from tests.integration.dashboard.helpers import Person, sign_in
from tests.support.builders import dead, make_failure, make_jobs
from tests.support.driver import Driver

if TYPE_CHECKING:
    from playwright.sync_api import Page

JOBS = reverse("django_jobs_dashboard:jobs")
OVERVIEW = reverse("django_jobs_dashboard:overview")

pytestmark = pytest.mark.django_db(transaction=True)

Open = Callable[[str], "Page"]


@pytest.fixture
def open_page(page: Page, live_server: LiveServer, person: Person, complaints: list[str]) -> Open:
    """Opens a page as somebody who may manage jobs."""
    sign_in(page, live_server, person("manage_jobs"))

    def go(path: str) -> Page:
        page.goto(live_server.url + path)
        return page

    return go


@pytest.fixture
def cause() -> Iterator[set[str]]:
    """What is fixed of the cause of failures."""
    tasks.FIXED.clear()
    yield tasks.FIXED
    tasks.FIXED.clear()


def work() -> None:
    """Do what a worker does."""
    run_enqueued(raise_errors=False)


def test_the_failed_mail_is_found_read_fixed_retried_and_seen_to_succeed(
    open_page: Open, redis_backend: JobBackend, cause: set[str]
) -> None:
    for name in ("ada", "grace"):
        tasks.invite.enqueue(f"{name}@example.com")
    work()

    page = open_page(OVERVIEW)
    page.get_by_role("link", name="Jobs", exact=True).last.click()
    page.get_by_role("link", name="Dead 2").click()
    page.get_by_text("Search jobs").click()
    page.get_by_label("Arguments contain").fill("ada@")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tr[id^=job-]")).to_have_count(1)
    page.get_by_role("link", name="tests.apps.dashboard_site.tasks.invite").click()

    page.get_by_text("mail.example refused ada@example.com: greylisted").first.wait_for()
    assert "ConnectionRefusedError" in page.locator("pre[id^=trace-]").first.inner_text()
    cause.add("server")
    page.get_by_role("button", name="Retry").click()
    page.get_by_text("1 job was enqueued.").wait_for()
    page.locator(".badge.queued").wait_for()

    page.select_option("[data-live-interval]", "2")
    work()

    page.locator(".badge.succeeded").wait_for()
    page.get_by_text("sent to ada@example.com").wait_for()
    page.get_by_text("Attempt 1 succeeded").wait_for()


def test_selected_jobs_are_retried_and_the_others_stay(
    open_page: Open, redis_backend: JobBackend
) -> None:
    worker = Driver(redis_backend.broker, "w1")
    redis_backend.broker.push(make_jobs(5))
    worker.settle(*map(dead, worker.take(5)))

    page = open_page(f"{JOBS}?state=dead")
    retry = page.get_by_role("button", name="Retry or run now")
    assert retry.is_disabled()
    page.get_by_label("Select all on this page").check()
    assert page.locator("[data-selected-count]").inner_text() == "5"
    page.locator("[data-select]").nth(1).uncheck()
    page.locator("[data-select]").nth(2).uncheck()
    retry.click()

    page.get_by_text("3 jobs were enqueued.").wait_for()
    expect(page.locator("tr[id^=job-]")).to_have_count(2)
    assert "state=dead" in page.url


def test_deleting_selected_jobs_asks_first(open_page: Open, redis_backend: JobBackend) -> None:
    redis_backend.broker.push(make_jobs(3))

    page = open_page(JOBS)
    page.locator("[data-select]").nth(0).check()
    page.locator("#selected summary", has_text="Delete").click()
    assert redis_backend.broker.inspection.counts()[State.QUEUED] == 3
    page.get_by_role("button", name="Delete selected jobs").click()

    page.get_by_text("1 job was deleted.").wait_for()
    assert redis_backend.broker.inspection.counts()[State.QUEUED] == 2


@pytest.mark.usefixtures("small_steps")
def test_all_that_match_a_filter_are_changed_with_progress(
    open_page: Open, redis_backend: JobBackend
) -> None:
    redis_backend.broker.push(make_jobs(11, task="shop.spam"))
    redis_backend.broker.push(make_jobs(2, task="shop.mail"))

    page = open_page(f"{JOBS}?task=spam")
    page.locator("summary", has_text="All matching jobs").click()
    page.locator(".sheet a", has_text="Delete").click()
    page.get_by_role("button", name="Delete 11 jobs").click()

    page.get_by_text("11 jobs were deleted.").wait_for()
    counts = redis_backend.broker.inspection.counts()
    assert counts[State.QUEUED] == 2


def test_an_open_search_form_stays_open_while_the_list_updates(
    open_page: Open, redis_backend: JobBackend
) -> None:
    page = open_page(JOBS)
    page.select_option("[data-live-interval]", "2")
    page.get_by_text("Search jobs").click()

    redis_backend.broker.push(make_jobs(4))

    page.locator("tr[id^=job-]").nth(3).wait_for()
    assert page.locator("#filters[open]").count() == 1


def test_an_open_page_of_a_job_keeps_the_focus(open_page: Open, redis_backend: JobBackend) -> None:
    (job,) = make_jobs(1)
    redis_backend.broker.push([job])
    worker = Driver(redis_backend.broker, "w1")
    claim = worker.take_one()
    page = open_page(f"{reverse('django_jobs_dashboard:job')}?id={job.id}")
    page.select_option("[data-live-interval]", "2")
    page.get_by_role("button", name="Cancel").focus()

    progress = Progress(total=9, done=7)
    said = JobProgress(job_id=job.id, token=claim.token, tag=claim.tag, progress=progress)
    worker.heartbeat(progress=[said])

    page.get_by_text("7 of 9").wait_for()
    assert page.evaluate("document.activeElement.value") == "cancel"


def test_the_arguments_and_the_traceback_can_be_copied(
    open_page: Open, redis_backend: JobBackend
) -> None:
    redis_backend.broker.push(make_jobs(1, task=tasks.invite.module_path))
    worker = Driver(redis_backend.broker, "w1")
    claim = worker.take_one()
    worker.settle(dead(claim, failure=make_failure(traceback="Traceback of <this>")))

    page = open_page(f"{reverse('django_jobs_dashboard:job')}?id={claim.job.id}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copied = []
    for name in ("Copy as JSON", "Copy the ID"):
        page.get_by_role("button", name=name).click()
        copied.append(page.evaluate("navigator.clipboard.readText()"))
    page.locator(".with-copy button").click()
    copied.append(page.evaluate("navigator.clipboard.readText()"))

    assert copied == [
        '{"args":[],"kwargs":{}}',
        claim.job.id,
        "Traceback of <this>",
    ]


@pytest.mark.usefixtures("small_steps")
def test_everything_works_without_javascript(
    plain_page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: JobBackend,
) -> None:
    redis_backend.broker.push(make_jobs(6))
    sign_in(plain_page, live_server, person("manage_jobs"))

    plain_page.goto(f"{live_server.url}{JOBS}?task=ship&queue=default")
    plain_page.locator("[data-select]").nth(0).check()
    plain_page.get_by_role("button", name="Cancel").click()
    plain_page.get_by_text("1 job was cancelled.").wait_for()
    plain_page.locator("summary", has_text="All matching jobs").click()
    plain_page.locator(".sheet a", has_text="Delete").click()
    plain_page.get_by_text(re.compile("found so far")).wait_for()
    plain_page.get_by_role("link", name="Continue counting").click()
    plain_page.get_by_role("button", name="Delete 6 jobs").click()
    plain_page.get_by_role("button", name="Continue").click()

    plain_page.get_by_text("6 jobs were deleted.").wait_for()
