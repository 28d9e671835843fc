"""Joining the board, signing in, getting a new password."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from accounts.models import Attempt
from accounts.tasks import clean_up_attempts
from background.receipts import recent_progress
from tests.integration.example.helpers import html_of
from tests.support.board_fixtures import PASSWORD, tasks_from
from tests.support.waiting import wait_until

ADDRESS = {"email": "Greta@Example.com"}
FORM = {"name": "Greta", "password": PASSWORD}

pytestmark = pytest.mark.django_db(transaction=True)


def link_in(message: EmailMessage) -> str:
    """The path of the link in a mail."""
    found = re.search(r"http://testserver(/\S+/)", str(message.body))
    assert found
    return found[1]


@pytest.fixture
def link(client: Client) -> str:
    """The link that Greta got when she asked to join."""
    page = client.post("/join/", ADDRESS, follow=True)
    assert "Check your mail" in page.text
    return link_in(mail.outbox.pop())


def test_an_address_is_confirmed_before_anything_else(client: Client, link: str) -> None:
    assert not User.objects.exists()
    assert "greta@example.com" in client.get(link).text

    page = client.post(link, FORM, follow=True)

    assert "Welcome! We have sent you a mail." in page.text
    assert page.context["user"].email == "greta@example.com"
    (sent,) = mail.outbox
    assert sent.to == ["greta@example.com"]
    assert sent.subject == "Welcome to the Larder board"
    assert "http://testserver/profile/" in sent.body
    assert "Hello Greta" in html_of(sent)


def test_nobody_s_choice_of_words_goes_to_an_address_that_is_not_confirmed(client: Client) -> None:
    spam = {"name": "You won! https://evil.example", "subject": "You won!", **ADDRESS}
    client.post("/join/", spam)
    (sent,) = mail.outbox
    assert sent.subject == "Your link to join Larder feedback"
    assert "won" not in f"{sent.subject}{sent.body}{html_of(sent)}"


def test_the_number_of_sign_in_links_is_limited(client: Client) -> None:
    for number in range(51):
        client.post("/join/", {"email": f"victim+{number}@example.com"})

    assert len(mail.outbox) == 50
    client.post("/join/", ADDRESS, REMOTE_ADDR="192.0.2.1")
    assert len(mail.outbox) == 51


def test_a_form_that_is_sent_twice_makes_one_account(client: Client, link: str) -> None:
    def sent_before(**_: Any) -> None:
        pre_save.disconnect(sent_before, sender=User)
        User.objects.create_user("greta@example.com")

    pre_save.connect(sent_before, sender=User)
    page = client.post(link, FORM, follow=True)

    assert "You already have an account. Please sign in." in page.text


def test_one_address_gets_three_links_to_join_an_hour(client: Client) -> None:
    for _ in range(5):
        assert client.post("/join/", ADDRESS).headers["Location"] == "/join/sent/"
    assert len(mail.outbox) == 3
    Attempt.objects.update(made_at=timezone.now() - timedelta(hours=2))
    client.post("/join/", ADDRESS)
    assert len(mail.outbox) == 4
    # Of the mail address, and of where the requests came from.
    assert clean_up_attempts.func() == 3 + 5
    assert Attempt.objects.count() == 1 + 1


def test_an_existing_account_is_mentioned_by_mail_only(client: Client, member: User) -> None:
    page = client.post("/join/", {"email": "TOM@example.com"}, follow=True)
    assert "Check your mail" in page.text
    (sent,) = mail.outbox
    assert sent.subject == "You have an account at Larder feedback"
    assert "/sign-in/" in sent.body


def test_a_link_makes_one_account(client: Client, link: str) -> None:
    client.post(link, FORM)
    page = Client().post(link, FORM | {"name": "Another"}, follow=True)
    assert "You already have an account" in page.text
    assert User.objects.count() == 1


def test_an_old_or_made_up_link_opens_nothing(client: Client, link: str) -> None:
    for wrong in ("/join/made-up/", f"{link[:-3]}x/"):
        assert client.post(wrong, FORM).status_code == 410
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1, hours=1)):
        assert client.post(link, FORM).status_code == 410
    assert not User.objects.exists()


def test_the_welcome_mail_is_sent_by_a_thread_of_the_pool(
    client: Client, link: str, settings: Any
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    page = client.post(link, FORM, follow=True)
    wait_until(lambda: recent_progress(page.wsgi_request)[0].state == "done")
    assert [sent.to for sent in mail.outbox] == [["greta@example.com"]]


def test_nobody_is_welcomed_whose_account_was_not_made(client: Client, link: str) -> None:
    page = client.post(link, FORM | {"password": "12345678"})
    assert "entirely numeric" in page.text
    assert not User.objects.exists()
    assert mail.outbox == []


def test_a_name_is_no_way_into_the_html_of_a_mail(client: Client, link: str) -> None:
    client.post(link, FORM | {"name": "<b>Greta</b>"})
    assert "&lt;b&gt;Greta&lt;/b&gt;" in html_of(mail.outbox[0])
    assert "Hello <b>Greta</b>" in mail.outbox[0].body


def attempt(
    password: str, name: str = "tom@example.com", path: str = "/sign-in/", **more: Any
) -> bool:
    """Whether somebody comes in with a password, from a browser that was never here."""
    browser = Client(**more)
    browser.post(path, {"username": name, "password": password})
    return "_auth_user_id" in browser.session


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/"])
def test_after_ten_wrong_passwords_none_is_looked_at(moderator: User, path: str) -> None:
    name = moderator.username
    assert not any(attempt("wrong", name, path) for _ in range(10))
    assert not attempt(PASSWORD, name.upper(), "/sign-in/")
    assert not attempt(PASSWORD, name, "/admin/login/")
    # From elsewhere it is open, and so it is to others, and later.
    assert attempt(PASSWORD, name, path, REMOTE_ADDR="192.0.2.7")
    Attempt.objects.update(made_at=timezone.now() - timedelta(minutes=16))
    assert attempt(PASSWORD, name, path)


def test_guesses_from_many_places_at_one_account_are_limited(member: User) -> None:
    for number in range(5):
        for _ in range(10):
            assert not attempt("wrong", REMOTE_ADDR=f"192.0.2.{number}")
    assert not attempt(PASSWORD, REMOTE_ADDR="192.0.2.99")


def test_behind_a_proxy_the_address_is_what_the_proxy_says(member: User, settings: Any) -> None:
    settings.BEHIND_PROXY = True
    for _ in range(10):
        attempt("wrong", HTTP_X_FORWARDED_FOR="made up, 192.0.2.1")
    assert not attempt(PASSWORD, HTTP_X_FORWARDED_FOR="another, 192.0.2.1")
    assert attempt(PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.1, 192.0.2.2")


def test_signing_in_takes_the_address_in_any_case(client: Client, member: User) -> None:
    form = {"username": "Tom@Example.com", "password": PASSWORD}
    assert client.post("/sign-in/", form).status_code == 302
    assert client.get("/profile/").status_code == 200


def test_a_new_password_comes_by_a_link_in_a_mail(client: Client, member: User) -> None:
    client.post("/password/", {"email": member.email})
    form = client.get(link_in(mail.outbox[0]), follow=True)
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
