"""The demo board."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from feedback.demo.people import ACCOUNTS
from feedback.models import Comment, Post, Vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(settings: Any) -> str:
    """What the command prints, run twice."""
    settings.DEBUG = True
    settings.SITE_URL = "http://127.0.0.1:8123"
    for output in (first := StringIO(), again := StringIO()):
        call_command("demo", stdout=output, no_color=True)
    assert "posts added" in first.getvalue()
    assert "in place" in again.getvalue()
    return again.getvalue()


def test_it_prints_the_address_with_the_accounts(told: str) -> None:
    assert "http://127.0.0.1:8123/" in told
    for person in ACCOUNTS:
        assert person.email in told
        assert person.password in told


@pytest.mark.usefixtures("told")
def test_it_fills_the_board_once() -> None:
    assert Post.objects.count() == 16
    assert Comment.objects.count() > 10
    assert Vote.objects.count() > 80


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("person", ACCOUNTS, ids=lambda person: person.role)
def test_its_accounts_sign_in_by_the_form(client: Client, person: Any) -> None:
    client.post("/sign-in/", {"username": person.email, "password": person.password})
    page = client.get("/posts/1/" if Post.objects.filter(pk=1).exists() else "/")
    assert person.name in page.text
    assert client.get("/admin/feedback/board/").status_code == (
        302 if person.role == "member" else 200
    )


@pytest.mark.usefixtures("told")
def test_its_pages_are_whole(client: Client) -> None:
    for path in ("/", "/?page=2", "/roadmap/", "/boards/recipes/", "/mails/", "/background/"):
        assert client.get(path).status_code == 200
    for post in Post.objects.all():
        assert client.get(post.get_absolute_url()).status_code == 200


def test_it_leaves_production_alone(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="set DEBUG=1"):
        call_command("demo")
    assert not Post.objects.exists()
