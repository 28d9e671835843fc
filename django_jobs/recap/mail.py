"""The mail that carries a recap."""

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
from .unsubscribe import unsubscribe_url

SALT = "django_jobs.recap.message_id"
UNSUBSCRIBE = "List-Unsubscribe"


class WholeHeader(UnstructuredHeader, BaseHeader):
    """A header that stays on one line, however long.

    Python's modern mail policies cut each word of over 76 characters into encoded words
    (cpython#85725). In a `List-Unsubscribe` mail providers do not read those.
    """

    def fold(self, *, policy: Policy) -> str:
        """Return the line as it goes out."""
        return f"{self.name}: {self}{policy.linesep}"


def recap_message(user: Any, period: Period, content: RecapContent) -> EmailMultiAlternatives:
    """Return the mail for a user, as text and as HTML, in the active time zone and language.

    Its Message-ID follows from user and period: should a worker die between the mail server's
    answer and ours, the second copy is known as the same mail.
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
    """Return the content with full addresses, without sections that have nothing in them."""
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
    """Return a subject without line breaks, which Django would refuse to send."""
    return " ".join(text.split())


def _rendered(name: str, context: Mapping[str, Any]) -> str:
    return render_to_string(f"django_jobs/recap/{name}", dict(context))
