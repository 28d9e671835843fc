"""Joining the board, signing in, getting a new password."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from background.receipts import recent_progress
from tests.example.conftest import PASSWORD, html_of, tasks_from, wait_until

FORM = {"name": "Greta", "email": "Greta@Example.com", "password": PASSWORD}

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_joins_is_signed_in_with_a_mail_on_its_way(client: Client) -> None:
    page = client.post("/join/", FORM, follow=True)
    assert "Welcome! A mail is on its way to you." in page.text
    assert page.context["user"].email == "greta@example.com"
    (sent,) = mail.outbox
    assert sent.to == ["greta@example.com"]
    assert sent.subject == "Welcome to the Larder board, Greta"
    assert "http://testserver/profile/" in sent.body
    assert "Hello Greta" in html_of(sent)


def test_the_welcome_mail_is_sent_by_a_thread_of_the_pool(client: Client, settings: Any) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    page = client.post("/join/", FORM, follow=True)
    wait_until(lambda: recent_progress(page.wsgi_request)[0].state == "done")
    assert [sent.to for sent in mail.outbox] == [["greta@example.com"]]


def test_nobody_is_welcomed_whose_account_was_not_made(client: Client) -> None:
    page = client.post("/join/", FORM | {"password": "12345678"})
    assert "entirely numeric" in page.text
    assert not User.objects.exists()
    assert mail.outbox == []


def test_one_address_has_one_account_whatever_its_capitals(client: Client, member: User) -> None:
    page = client.post("/join/", FORM | {"email": "TOM@example.com"})
    assert "There is an account with this address already." in page.text


def test_a_name_is_no_way_into_the_html_of_a_mail(client: Client) -> None:
    client.post("/join/", FORM | {"name": "<b>Greta</b>"})
    assert "&lt;b&gt;Greta&lt;/b&gt;" in html_of(mail.outbox[0])
    assert "Hello <b>Greta</b>" in mail.outbox[0].body


def test_signing_in_takes_the_address_in_any_case(client: Client, member: User) -> None:
    form = {"username": "Tom@Example.com", "password": PASSWORD}
    assert client.post("/sign-in/", form).status_code == 302
    assert client.get("/profile/").status_code == 200


def test_a_new_password_comes_by_a_link_in_a_mail(client: Client, member: User) -> None:
    client.post("/password/", {"email": member.email})
    link = re.search(r"http://testserver(/password/\S+/)", str(mail.outbox[0].body))
    assert link
    form = client.get(link[1], follow=True)
    new = {"new_password1": "elderflower cordial", "new_password2": "elderflower cordial"}
    client.post(form.wsgi_request.path, new)
    assert client.login(username=member.username, password="elderflower cordial")


def test_an_unknown_address_is_answered_like_a_known_one(client: Client, member: User) -> None:
    known = client.post("/password/", {"email": member.email})
    unknown = client.post("/password/", {"email": "nobody@example.com"})
    assert known.headers["Location"] == unknown.headers["Location"]
    assert len(mail.outbox) == 1


def test_one_address_gets_three_links_an_hour(client: Client, member: User) -> None:
    for _ in range(5):
        client.post("/password/", {"email": member.email})
    assert len(mail.outbox) == 3
