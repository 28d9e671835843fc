"""The pages of limits in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends import RedisBackend
from django_jobs.jobs.limits import JobLimit
from tests.integration.dashboard.helpers import Person, sign_in
from tests.support.builders import limited
from tests.support.driver import Driver, ids

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = JobLimit("mail server", 1, value="customer 7")


@pytest.fixture
def worker(redis_backend: RedisBackend) -> Driver:
    """A worker that runs one job of a key, for which two others wait."""
    redis_backend.broker.push([limited(name, MAIL) for name in "abc"])
    worker = Driver(redis_backend.broker, "w1")
    assert ids(worker.take(3)) == ["a"]
    return worker


def address(name: str) -> str:
    return reverse(f"django_jobs_dashboard:{name}")


def test_slots_are_added_and_a_key_is_paused_with_clicks(
    page: Page, live_server: LiveServer, person: Person, worker: Driver, complaints: list[str]
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + address("overview"))
    page.get_by_role("link", name="Limits").click()
    page.get_by_label("Change mail server").click()
    page.get_by_label("Slots of each key").fill("2")
    page.get_by_role("button", name="Set the number").click()
    page.get_by_text("Each key of mail server has 2 slots from now on.").wait_for()
    assert ids(worker.take(3)) == ["b"]

    page.get_by_role("link", name="mail server").click()
    page.get_by_role("button", name="Pause the key customer 7").click()
    page.get_by_text("mail server, customer 7 is paused.").wait_for()
    page.get_by_role("link", name="customer 7").click()
    page.get_by_role("link", name="c", exact=True).click()
    page.get_by_text("Waits for a slot of the limit: mail server, customer 7").wait_for()


def test_an_open_page_of_a_limit_keeps_up(
    page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: RedisBackend,
    worker: Driver,
    complaints: list[str],
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(f"{live_server.url}{address('limit')}?limit={MAIL.id.replace('%', '%25')}")
    page.evaluate("window.sameDocument = true")
    page.select_option("[data-live-interval]", "2")
    page.get_by_role("button", name="Pause the key customer 7").focus()

    redis_backend.broker.push([limited(f"more {number}", MAIL) for number in range(5)])
    worker.take(5)

    page.locator("tbody tr").get_by_text("7", exact=True).wait_for()
    assert page.evaluate("window.sameDocument")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Pause the key customer 7"


def test_a_limit_is_paused_without_a_script(
    plain_page: Page, live_server: LiveServer, person: Person, worker: Driver
) -> None:
    sign_in(plain_page, live_server, person("superuser"))
    plain_page.goto(live_server.url + address("limits"))
    plain_page.get_by_role("button", name="Pause mail server").click()
    plain_page.get_by_text("mail server is paused.").wait_for()
    claim = worker.broker.inspection.find("a")
    assert claim is not None
    plain_page.get_by_role("button", name="Resume mail server").click()
    plain_page.get_by_text("mail server is active again.").wait_for()
