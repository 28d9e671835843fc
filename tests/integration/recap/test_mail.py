"""The mail as it goes over the wire."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from django_jobs.recap import Frequency, Period, RecapContent, RecapItem, RecapSection
from django_jobs.recap.mail import recap_message
from tests.apps.recap_site import content as site
from tests.integration.recap.helpers import NOW, MakeUser

BERLIN = ZoneInfo("Europe/Berlin")
PERIOD = Period(Frequency.DAILY, NOW.date(), NOW - timedelta(days=1), NOW)


@pytest.fixture
def mail(make_user: MakeUser) -> EmailMessage:
    return received(content_for(make_user()), make_user("bob"))


def content_for(user: User) -> RecapContent:
    content = site.content(user, PERIOD)
    assert content is not None
    return content


def received(content: RecapContent, user: User) -> EmailMessage:
    return email.message_from_bytes(raw(content, user), policy=email.policy.default)


def raw(content: RecapContent, user: User) -> bytes:
    with timezone.override(BERLIN):
        message = recap_message(user, PERIOD, content).message()
    return message.as_bytes()


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_title_with_a_line_break_is_a_subject_on_one_line(mail: EmailMessage) -> None:
    assert mail["Subject"] == "What is new"
    assert mail["To"] == "bob@example.com"


def test_text_is_plain_and_links_are_absolute(mail: EmailMessage) -> None:
    text = part(mail, "plain")

    assert "- A <b>dark</b> mode (by Ada & Co)\n  https://feedback.example.com/posts/3/" in text
    assert "Since your last recap." in text
    assert "Empty heading" not in text


def test_html_is_escaped_and_links_are_absolute(mail: EmailMessage) -> None:
    html = part(mail, "html")

    assert (
        '<a href="https://feedback.example.com/posts/3/">A &lt;b&gt;dark&lt;/b&gt; mode</a>' in html
    )
    assert "by Ada &amp; Co" in html
    assert "Empty heading" not in html


def test_html_loads_nothing_from_elsewhere_and_has_a_dark_mode(mail: EmailMessage) -> None:
    html = part(mail, "html")

    assert not any(word in html for word in ("<img", "<link", "<script", "url(", "@import"))
    assert "prefers-color-scheme: dark" in html


def test_the_time_it_covers_is_on_the_users_clock(mail: EmailMessage) -> None:
    assert "May 19, 2026, 8 a.m." in part(mail, "plain")


def test_every_part_ends_with_an_unsubscribe_link(mail: EmailMessage) -> None:
    link = mail["List-Unsubscribe"].strip("<> ")

    assert link in part(mail, "plain")
    assert f'href="{link}"' in part(mail, "html")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_unsubscribe_link_is_not_cut_into_encoded_words(make_user: MakeUser) -> None:
    user = make_user()
    (line,) = [
        line
        for line in raw(content_for(user), user).replace(b"\n ", b" ").splitlines()
        if line.startswith(b"List-Unsubscribe:")
    ]

    assert len(line) > 78
    assert line.split()[1].startswith(b"<https://feedback.example.com/recap/unsubscribe/")
    assert line.endswith(b"/>")


def test_the_same_recap_is_the_same_mail(make_user: MakeUser) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    first, second, other = (
        received(content_for(user), user)["Message-ID"] for user in (ada, ada, bob)
    )

    assert first == second != other


def test_the_sender_may_be_set(make_user: MakeUser, settings: Settings) -> None:
    settings.JOB_RECAP = {**settings.JOB_RECAP, "FROM_EMAIL": "Board <board@example.com>"}
    user = make_user()

    assert received(content_for(user), user)["From"] == "Board <board@example.com>"


def test_the_subject_may_differ_from_the_title(make_user: MakeUser) -> None:
    sections = [RecapSection("News", [RecapItem("One")])]
    content = RecapContent("Title", sections, subject="Three new posts")

    assert received(content, make_user())["Subject"] == "Three new posts"
