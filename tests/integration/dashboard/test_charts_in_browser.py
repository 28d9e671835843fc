"""Charts in a real browser: an operator looks for a task that became slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends import RedisBackend
from tests.integration.dashboard.helpers import Person, sign_in
from tests.integration.dashboard.history import live_through
from tests.integration.dashboard.samples import sample, tell
from tests.support.driver import Driver

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

OVERVIEW = reverse("django_jobs_dashboard:overview")
METRICS = reverse("django_jobs_dashboard:metrics")
TASK = reverse("django_jobs_dashboard:task")
PAGES = (OVERVIEW, METRICS, f"{TASK}?task=shop.billing.charge")


@pytest.fixture
def site(
    page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: RedisBackend,
    redis_url: str,
    complaints: list[str],
) -> LiveServer:
    """A site that was busy for more than an hour, with somebody signed in who may look."""
    live_through(redis_url, redis_backend.configuration.namespace, minutes=80, every=2)
    sign_in(page, live_server, person("view_dashboard"))
    return live_server


def test_an_operator_finds_the_slowest_task_and_reads_its_numbers(
    page: Page, site: LiveServer, redis_backend: RedisBackend
) -> None:
    tell(Driver(redis_backend.broker, "w9"), sample("shop.reports.yearly_export", took=1_000_000))
    page.goto(site.url + OVERVIEW)
    page.get_by_role("link", name="Metrics").click()
    page.get_by_role("link", name="1 h", exact=True).click()
    page.get_by_role("link", name="Duration, p95").click()

    first = page.locator("tbody tr").first
    expect(first).to_contain_text("yearly_export")
    assert "span=1h" in page.url
    page.locator("tbody").get_by_role("link", name="charge").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("charge")
    assert "span=1h" in page.url
    duration = page.locator("figure#duration")
    expect(duration.get_by_role("table")).to_be_hidden()
    duration.get_by_text("Show as table").click()
    expect(duration.get_by_role("columnheader", name="Attempts")).to_be_visible()
    expect(page.get_by_role("img", name="Duration")).to_be_visible()


def test_a_failure_links_to_its_task(page: Page, site: LiveServer) -> None:
    page.goto(site.url + OVERVIEW)
    page.locator("#failing").get_by_role("link", name="send_receipt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("send_receipt")
    page.locator("#failing").get_by_role("link", name="SMTPServerDisconnected").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    assert "task=shop.tasks.send_receipt" in page.url
    assert "error=smtplib.SMTPServerDisconnected" in page.url


def test_charts_keep_up_and_leave_open_numbers_open(
    page: Page, site: LiveServer, redis_backend: RedisBackend
) -> None:
    page.goto(f"{site.url}{OVERVIEW}?span=1h")
    page.select_option("[data-live-interval]", "2")
    page.locator("#throughput summary").click()

    worker = Driver(redis_backend.broker, "w9")
    tell(worker, sample("shop.tasks.ship", 10_000_000))

    page.locator("#throughput .legend").get_by_text("10,0").wait_for()
    assert page.locator("#throughput details").get_attribute("open") is not None


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(width: int, page: Page, site: LiveServer) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in PAGES:
        page.goto(site.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_charts_are_accessible(theme: str, page: Page, site: LiveServer) -> None:
    page.context.add_cookies([{"name": "django_jobs_theme", "value": theme, "url": site.url}])
    for address in PAGES:
        page.goto(site.url + address)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
