"""Pages that are open keep up with what happens, without disturbing who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends.base import JobBackend
from tests.contract.tools import make_jobs
from tests.dashboard.conftest import Person, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

OVERVIEW = reverse("django_jobs_dashboard:overview")


def test_what_has_not_changed_is_not_sent_again(onlooker: Client, backend: JobBackend[Any]) -> None:
    first = onlooker.get(OVERVIEW)
    again = onlooker.get(OVERVIEW, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]

    backend.broker.push(make_jobs(3))
    changed = onlooker.get(OVERVIEW, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_an_open_page_shows_new_jobs(
    page: Page,
    live_server: LiveServer,
    person: Person,
    redis_backend: JobBackend[Any],
    complaints: list[str],
) -> None:
    sign_in(page, live_server, person("view_dashboard"))
    page.goto(live_server.url + OVERVIEW)
    page.select_option("[data-live-interval]", "2")
    page.evaluate("window.sameDocument = true")

    redis_backend.broker.push(make_jobs(7))

    page.locator("#tile-queued dd").get_by_text("7", exact=True).wait_for()
    assert page.evaluate("window.sameDocument")
