"""The site in a real browser, with its script and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.confirmation import make_token
from feedback.models import Board, Post
from tests.support.board_fixtures import tasks_from
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page


def sign_in(page: Page, site: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site.url}])


def complaints(page: Page) -> list[str]:
    """What the browser will complain about, such as a breach of the policy."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    return heard


def test_a_vote_shows_at_once_without_leaving_the_page(
    page: Page, live_server: LiveServer, member: User, post: Post
) -> None:
    heard = complaints(page)
    sign_in(page, live_server, member)
    page.goto(live_server.url)
    page.evaluate("window.sameDocument = true")
    with page.expect_response("**/vote/"):
        page.click(".vote")
    page.wait_for_selector(".vote[aria-pressed=true]")
    expect(page.locator("[data-count]").first).to_have_text("1")
    assert page.evaluate("window.sameDocument")
    assert post.votes.count() == 1
    assert heard == []


def test_a_vote_works_without_script(
    plain_page: Page, live_server: LiveServer, member: User, post: Post
) -> None:
    sign_in(plain_page, live_server, member)
    plain_page.goto(f"{live_server.url}/?sort=new")
    plain_page.click(".vote")
    expect(plain_page.locator("[data-count]").first).to_have_text("1")
    assert plain_page.url == f"{live_server.url}/?sort=new"


def test_the_strip_follows_a_job_to_its_end(
    page: Page, live_server: LiveServer, settings: Any
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    heard = complaints(page)
    page.goto(f"{live_server.url}/join/")
    page.fill("[name=email]", "greta@example.com")
    page.click("main button")
    page.wait_for_selector("text=Your mail with a link: done")
    page.goto(f"{live_server.url}/join/{make_token('greta@example.com')}/")
    page.fill("[name=name]", "Greta")
    page.fill("[name=password]", "porridge with berries")
    page.click("main button")
    page.wait_for_selector("text=Your welcome mail: done")
    assert heard == []


def test_the_page_of_an_import_follows_it_to_its_end(
    page: Page, live_server: LiveServer, moderator: User, board: Board, settings: Any
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    heard = complaints(page)
    sign_in(page, live_server, moderator)
    page.goto(live_server.url)
    page.get_by_role("link", name="Import posts").click()
    rows = b"board,title,text\nRecipes,Scale recipes,\nNowhere,Lost,\n"
    page.set_input_files(
        "[name=file]", {"name": "posts.csv", "mimeType": "text/csv", "buffer": rows}
    )
    page.get_by_role("button", name="Import").click()

    page.get_by_role("heading", name="Done").wait_for()
    expect(page.get_by_role("status")).to_have_text("2 of 2 rows: 1 imported, 1 refused.")
    expect(page.get_by_text("There is no board “Nowhere”.")).to_be_visible()
    wait_until(lambda: mail.outbox, "the mail at the end")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="All imports").click()
    page.get_by_role("heading", name="Latest imports").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert heard == []


@pytest.mark.parametrize(
    "path", ["/", "/roadmap/", "/profile/", "/posts/new/", "/imports/", "/mails/", "POST"]
)
def test_nothing_sticks_out_of_a_phone(
    page: Page, live_server: LiveServer, moderator: User, post: Post, path: str
) -> None:
    Post.objects.filter(pk=post.pk).update(title="Unbreakable" * 10, text="x" * 300)
    sign_in(page, live_server, moderator)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(live_server.url + (post.get_absolute_url() if path == "POST" else path))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
