"""The page of mails on a development site."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client

from sent_mails import backend
from sent_mails.backend import DatabaseBackend
from sent_mails.models import SentMail

pytestmark = pytest.mark.django_db


def send(html: str = "<p>Hello</p>", text: str = "Hello http://testserver/x") -> SentMail:
    message = EmailMultiAlternatives("Greetings", text, "a@example.com", ["b@example.com"])
    message.attach_alternative(html, "text/html")
    DatabaseBackend().send_messages([message])
    return SentMail.objects.latest("pk")


def test_a_mail_is_listed_with_its_text_and_headers(client: Client) -> None:
    mail = send()
    page = client.get("/mails/")
    assert "Greetings" in page.text
    assert "To b@example.com" in page.text
    page = client.get(f"/mails/{mail.pk}/")
    assert '<a href="http://testserver/x"' in page.text
    assert "Message-ID" in page.text
    assert "sandbox=" in page.text


def test_the_html_part_can_do_nothing_but_be_looked_at(client: Client) -> None:
    mail = send("<script>parent.location = '/evil'</script><p>Hello</p>")
    page = client.get(f"/mails/{mail.pk}/html/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "script-src" not in policy
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_mail_without_html_shows_its_text(client: Client) -> None:
    DatabaseBackend().send_messages(
        [EmailMessage("Plain", "<b>only text</b>", "a@example.com", ["b@example.com"])]
    )
    page = client.get(f"/mails/{SentMail.objects.get().pk}/")
    assert "&lt;b&gt;only text&lt;/b&gt;" in page.text
    assert "iframe" not in page.text


def test_only_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "MAX_MAILS", 3)
    made = [send().pk for _ in range(5)]
    assert sorted(SentMail.objects.values_list("pk", flat=True)) == made[-3:]


def test_elsewhere_than_on_a_development_site_there_is_no_such_page(
    client: Client, settings: Any
) -> None:
    mail = send()
    settings.SHOW_SENT_MAILS = False
    for path in ("/mails/", f"/mails/{mail.pk}/", f"/mails/{mail.pk}/html/"):
        assert client.get(path).status_code == 404
    assert "/mails/" not in client.get("/").text
