"""What the tests of the dashboard share: who looks, and how a page is read."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from django_jobs.backends.base import JobBackend

if TYPE_CHECKING:
    from playwright.sync_api import Page


QUEUES = ["critical", "default", "mailers", "low"]


UseBackend = Callable[..., JobBackend]
"""Makes a backend the site's: `use_backend("redis")`; more aliases by `aliases={…}`."""


Person = Callable[..., User]
"""Creates somebody with permissions: `person("view_dashboard")`; `person("superuser")`."""


def sign_in(page: Page, site: LiveServer, user: User) -> None:
    """Sign a real browser in."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site.url}])


JOBS = reverse("django_jobs_dashboard:jobs")


JOB = reverse("django_jobs_dashboard:job")


def shown(client: Client, path: str, **query: Any) -> str:
    response = client.get(f"{path}?{urlencode(query)}")
    assert response.status_code == 200
    return response.content.decode()


def words(text: str) -> str:
    """What of a page is read."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def do(client: Client, button: str, **data: str) -> str:
    """Press a button, and return the page that follows."""
    answer = client.post(reverse(f"django_jobs_dashboard:{button}"), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()
