"""The dashboard hangs in the example site, for those who may see it."""

from __future__ import annotations

import pytest
from django.test import Client

from feedback.demo.fill import fill
from feedback.demo.people import ADMIN, MODERATOR

pytestmark = pytest.mark.django_db


def test_the_admin_of_the_demo_finds_it(client: Client) -> None:
    fill()
    client.post("/sign-in/", {"username": ADMIN.email, "password": ADMIN.password})
    assert 'href="/jobs/"' in client.get("/").text
    assert "Overview" in client.get("/jobs/").text


def test_others_do_not_see_that_it_is_there(client: Client) -> None:
    fill()
    client.post("/sign-in/", {"username": MODERATOR.email, "password": MODERATOR.password})
    assert 'href="/jobs/"' not in client.get("/").text
    assert client.get("/jobs/").status_code == 403
