"""Builds the email of a recap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.headerregistry import BaseHeader, UnstructuredHeader
from email.policy import Policy
from typing import Any
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from .conf import absolute, base_url, from_email
from .content import RecapContent, RecapSection
from .periods import Period
from .unsubscribe_links import unsubscribe_url

SALT = "django_jobs.recap.message_id"
UNSUBSCRIBE = "List-Unsubscribe"


class WholeHeader(UnstructuredHeader, BaseHeader):
    """A header that is never folded.

    Python's modern email policies split words of more than 76 characters into encoded words
    (cpython#85725), which mail providers do not decode in `List-Unsubscribe`.
    """

    def fold(self, *, policy: Policy) -> str:
        """Return the header on one line."""
        return f"{self.name}: {self}{policy.linesep}"


def recap_message(user: Any, period: Period, content: RecapContent) -> EmailMultiAlternatives:
    """Return the email for a user, as text and HTML, in the active time zone and language.

    Its Message-ID is derived from user and period. If a worker dies after the mail server has
    accepted the email, the second copy is recognized as a duplicate.
    """
    link = unsubscribe_url(user)
    context = {
        "content": _with_absolute_links(content),
        "period": period,
        "site_url": base_url(),
        "site_name": urlsplit(base_url()).hostname,
        "unsubscribe_url": link,
    }
    message = EmailMultiAlternatives(
        subject=_on_one_line(content.subject or content.title),
        body=_rendered("mail.txt", context),
        from_email=from_email(),
        to=[getattr(user, user.get_email_field_name())],
        headers={
            "Message-ID": _message_id(user, period),
            UNSUBSCRIBE: WholeHeader(UNSUBSCRIBE, f"<{link}>"),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(_rendered("mail.html", context), "text/html")
    return message


def _with_absolute_links(content: RecapContent) -> RecapContent:
    """Return the content with absolute URLs, and without empty sections."""
    sections = [
        RecapSection(
            section.heading,
            [replace(item, url=item.url and absolute(item.url)) for item in section.items],
        )
        for section in content.sections
        if section.items
    ]
    return replace(content, sections=sections)


def _message_id(user: Any, period: Period) -> str:
    digest = salted_hmac(SALT, f"{user.pk} {period.key}", algorithm="sha256").hexdigest()[:32]
    return f"<recap.{digest}@{urlsplit(base_url()).hostname}>"


def _on_one_line(text: str) -> str:
    """Return a subject without line breaks, which Django refuses in headers."""
    return " ".join(text.split())


def _rendered(name: str, context: Mapping[str, Any]) -> str:
    return render_to_string(f"django_jobs/recap/{name}", dict(context))
