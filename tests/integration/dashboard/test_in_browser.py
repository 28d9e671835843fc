"""The dashboard in a real browser: by mouse, by keyboard, without a script, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends import RedisBackend
from tests.integration.dashboard.addresses import PAGES
from tests.integration.dashboard.helpers import Person, sign_in
from tests.integration.dashboard.in_each_state import fill
from tests.support.builders import make_jobs
from tests.support.workers import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

pytestmark = pytest.mark.django_db(transaction=True)

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def address(name: str) -> str:
    return reverse(f"django_jobs_dashboard:{name}")


@pytest.fixture
def site(tmp_path: Path, redis_url: str, redis_backend: RedisBackend) -> Iterator[Site]:
    """Worker processes that take the jobs of this process."""
    options = {"url": redis_url, "namespace": redis_backend.configuration.namespace}
    made = Site(tmp_path, {**options, "lease": 4})
    yield made
    made.end()


def test_a_queue_is_paused_with_a_click(
    page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: RedisBackend,
    complaints: list[str],
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + address("queues"))
    page.get_by_role("button", name="Pause default").click()
    page.get_by_text("The queue default is paused").wait_for()
    assert {one.name for one in redis_backend.broker.inspection.queues() if one.paused} == {
        "default"
    }
    page.get_by_role("button", name="Resume default").click()
    page.get_by_role("button", name="Pause default").wait_for()
    assert not any(one.paused for one in redis_backend.broker.inspection.queues())


def test_a_queue_is_cleared_without_a_script(
    plain_page: Page, live_server: LiveServer, person: Person, redis_backend: RedisBackend
) -> None:
    redis_backend.broker.push(make_jobs(3))
    sign_in(plain_page, live_server, person("superuser"))
    plain_page.goto(live_server.url + address("queues"))
    row = plain_page.locator("#queue-default")
    row.get_by_text("Clear", exact=True).click()
    row.get_by_role("textbox").fill("default")
    row.get_by_role("button", name="Delete permanently").click()
    plain_page.get_by_text("3 jobs were deleted from the queue default.").wait_for()
    assert not plain_page.locator("[data-script]").first.is_visible()


def test_a_worker_process_is_stopped_with_two_clicks(
    page: Page,
    live_server: LiveServer,
    person: Person,
    site: Site,
    complaints: list[str],
) -> None:
    worker = site.start()
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + address("workers"))
    page.get_by_text(str(worker.process.pid), exact=True).wait_for()
    assert " MB" in page.locator(".facts").inner_text()  # what it takes, as it says itself
    page.locator("summary[aria-label^='Stop ']").click()
    page.get_by_role("button", name="Stop this worker").click()
    page.get_by_text("1 worker stops after its next heartbeat").wait_for()
    assert worker.end() == 0
    page.reload()
    page.get_by_text("No workers running").wait_for()


def test_an_open_page_keeps_up_and_keeps_the_focus(
    page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: RedisBackend,
    complaints: list[str],
) -> None:
    redis_backend.broker.push(make_jobs(1))
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + address("queues"))
    page.evaluate("window.sameDocument = true")
    page.select_option("[data-live-interval]", "2")
    page.get_by_role("button", name="Pause default").focus()

    redis_backend.broker.push(make_jobs(6))

    page.locator("#queue-default").get_by_text("7", exact=True).wait_for()
    assert page.evaluate("window.sameDocument")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Pause default"


def test_an_open_page_waits_while_a_dialog_is_open_or_the_tab_is_hidden(
    page: Page, live_server: LiveServer, person: Person, redis_backend: RedisBackend
) -> None:
    redis_backend.broker.push(make_jobs(1))
    sign_in(page, live_server, person("superuser"))
    page.clock.install()
    page.goto(live_server.url + address("queues"))
    page.evaluate("document.addEventListener('htmx:config:request', () => { window.asked += 1; })")

    under_way: set[Request] = set()

    def begin(request: Request) -> None:
        under_way.add(request)

    def end(request: Request) -> None:
        under_way.discard(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)

    def updates_within_a_minute() -> int:
        while under_way:  # an answer that is late would hold up the next requests
            page.wait_for_timeout(10)
        page.evaluate("window.asked = 0")
        page.clock.run_for(60_000)
        count: int = page.evaluate("window.asked")
        return count

    assert updates_within_a_minute() > 0
    page.locator("summary").first.click()
    assert updates_within_a_minute() == 0
    page.keyboard.press("Escape")
    assert updates_within_a_minute() > 0
    page.select_option("[data-live-interval]", "0")
    assert updates_within_a_minute() == 0


def test_the_interval_and_the_theme_are_remembered(
    page: Page, live_server: LiveServer, person: Person, redis_backend: RedisBackend
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.emulate_media(color_scheme="light")
    page.goto(live_server.url + address("overview"))
    page.select_option("[data-live-interval]", "60")
    page.get_by_role("button", name="Toggle theme").click()
    page.goto(live_server.url + address("queues"))
    assert page.input_value("[data-live-interval]") == "60"
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    page.get_by_role("button", name="Toggle theme").click()
    page.reload()
    assert page.get_attribute("html", "data-theme") == "light"


def test_everything_can_be_done_by_keyboard(
    page: Page, live_server: LiveServer, person: Person, redis_backend: RedisBackend
) -> None:
    redis_backend.broker.push(make_jobs(2))
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + address("queues"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the content
    reached: list[str] = []
    while "Clear default" not in reached:
        page.keyboard.press("Tab")
        label = "document.activeElement.getAttribute('aria-label') || document.activeElement.id"
        reached.append(page.evaluate(label))
        assert len(reached) < 20, reached
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Clear default"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("default")
    page.keyboard.press("Enter")
    page.get_by_text("2 jobs were deleted from the queue default.").wait_for()


def violations(page: Page, *tags: str) -> list[str]:
    """What axe finds on a page, by rule and place."""
    run = Axe().run(page, options={"runOnly": list(tags)}).response
    assert run["passes"]
    return [
        f"{broken['id']}: {node['html']}"
        for broken in run["violations"]
        for node in broken["nodes"]
    ]


@pytest.mark.timeout(600)  # axe looks at each page twice
def test_every_page_is_accessible(
    page: Page, live_server: LiveServer, person: Person, redis_backend: RedisBackend
) -> None:
    fill(redis_backend)
    sign_in(page, live_server, person("superuser"))
    found: dict[str, list[str]] = {}
    for one in PAGES:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(live_server.url + one.path)
        found[one.name] = violations(page, *LEVELS)
        page.emulate_media(color_scheme="dark")
        found[one.name] += violations(page, "color-contrast")  # nothing else depends on the theme
    assert found == {one.name: [] for one in PAGES}


@pytest.mark.parametrize("width", [390, 720, 1024, 1240])
def test_no_page_is_wider_than_the_screen(
    width: int,
    page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: RedisBackend,
    settings: Settings,
) -> None:
    settings.LANGUAGE_CODE = "de"  # whose words are long
    fill(redis_backend)
    sign_in(page, live_server, person("superuser"))
    page.set_viewport_size({"width": width, "height": 844})
    widths: dict[str, int] = {}
    for one in PAGES:
        page.goto(live_server.url + one.path)
        widths[one.name] = page.evaluate("document.documentElement.scrollWidth")
    assert widths == {one.name: width for one in PAGES}


def test_a_page_recovers_when_the_server_is_back(
    page: Page, live_server: LiveServer, person: Person, redis_backend: RedisBackend
) -> None:
    sign_in(page, live_server, person("superuser"))
    page.goto(live_server.url + address("queues"))
    page.select_option("[data-live-interval]", "2")
    page.route("**/queues/", lambda route: route.fulfill(status=503, body="no"))
    trouble = page.get_by_text("This page could not be refreshed.")
    trouble.wait_for()
    assert page.locator("#queue-default").is_visible()  # what was known stays
    page.unroute("**/queues/")
    trouble.wait_for(state="hidden")
