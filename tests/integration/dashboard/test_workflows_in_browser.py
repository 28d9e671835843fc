"""The pages of workflows in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends import RedisBackend
from tests.integration.dashboard.helpers import Person, sign_in
from tests.integration.dashboard.test_workflows_pages import DIAMOND, WORKFLOW, WORKFLOWS, store
from tests.support.builders import dead, succeeded
from tests.support.driver import Driver

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(redis_backend: RedisBackend) -> Driver:
    """A worker of a site that has one workflow."""
    store(redis_backend, DIAMOND, name="order")
    return Driver(redis_backend.broker, "w1")


def test_a_job_is_found_by_the_graph_and_a_failed_one_retried_with_clicks(
    page: Page, live_server: LiveServer, person: Person, worker: Driver, complaints: list[str]
) -> None:
    worker.settle(dead(worker.take_one()))
    worker.exchange("default")
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + reverse("django_jobs_dashboard:overview"))
    page.get_by_role("link", name="Workflows", exact=True).click()
    page.get_by_role("link", name="order", exact=True).click()

    page.locator(".graph .box", has_text="bottom").click()
    page.get_by_text("This job was discarded because another one has failed").wait_for()
    page.locator("#needs-failed").get_by_role("link", name="top").click()
    page.locator("#workflow").get_by_role("link", name="order").click()
    page.get_by_role("button", name="Retry dead jobs").click()
    page.get_by_text("1 job was enqueued.").wait_for()


def test_an_open_page_of_a_workflow_keeps_up(
    page: Page, live_server: LiveServer, person: Person, worker: Driver, complaints: list[str]
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(f"{live_server.url}{WORKFLOW}?id=flow")
    page.evaluate("window.sameDocument = true")
    page.select_option("[data-live-interval]", "2")

    worker.settle(succeeded(worker.take_one()))

    page.locator(".graph .box.succeeded").wait_for()
    page.locator("#node-top").get_by_text("succeeded").wait_for()
    assert page.evaluate("window.sameDocument")


def test_a_workflow_is_cancelled_without_a_script(
    plain_page: Page, live_server: LiveServer, person: Person, worker: Driver
) -> None:
    sign_in(plain_page, live_server, person("superuser"))
    plain_page.goto(f"{live_server.url}{WORKFLOW}?id=flow")
    plain_page.locator("#cancel summary").click()
    plain_page.get_by_role("button", name="Cancel the workflow").click()
    plain_page.get_by_text("The workflow is cancelled.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_graph_is_drawn_within_its_box_and_the_page_not_wider_than_a_phone(
    page: Page, live_server: LiveServer, person: Person, worker: Driver, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in(page, live_server, person("superuser"))
    page.goto(f"{live_server.url}{WORKFLOW}?id=flow")

    graph = page.locator(".graph").bounding_box()
    assert graph
    for box in page.locator(".graph .box text").all():
        place = box.bounding_box()
        assert place
        assert graph["x"] <= place["x"]
        assert place["x"] + place["width"] <= graph["x"] + graph["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_keyboard_and_screen_readers_use_the_table(
    page: Page, live_server: LiveServer, person: Person, worker: Driver
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(f"{live_server.url}{WORKFLOW}?id=flow")

    assert page.locator(".graph[aria-hidden=true]").count() == 1
    assert page.locator('.graph a:not([tabindex="-1"])').count() == 0
    rows = page.get_by_role("table", name="Jobs").get_by_role("row")
    assert rows.count() == 1 + len(DIAMOND)


def test_a_search_in_the_list_keeps_to_workflows(
    page: Page, live_server: LiveServer, person: Person, worker: Driver
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + WORKFLOWS)
    page.get_by_label("Name contains, or ID").fill("nobody")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("No workflows match").wait_for()
