"""Messages, and how to look at what became of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.mime.image import MIMEImage
from pathlib import Path
from typing import Any

from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives

SMTP = "django.core.mail.backends.smtp.EmailBackend"
LATER = "django_jobs.mail.LaterEmailBackend"
WAYS = ["settings", "mailers"] if hasattr(mail, "mailers") else ["settings"]
"""How a site says where its mail goes: by EMAIL_BACKEND, and from Django 6.1 on by MAILERS."""

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def fixed(**extra: str) -> dict[str, str]:
    """Return headers that make two builds of a message alike."""
    return {
        "Message-ID": "<1@example.com>",
        "Date": "Tue, 24 Nov 2026 08:00:00 +0000",
        **extra,
    }


def simple(subject: str = "Hi", to: str = "b@example.com", **arguments: Any) -> EmailMessage:
    return EmailMessage(subject, "Text", "a@example.com", [to], **arguments)


def full_message(**arguments: Any) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        "Grüße, Ænna",
        "Plain text\nFrom the start of a line\n.\nWith a dot.",
        "Jörg <joerg@example.com>",
        ["Bob Ö <bob@example.com>", "carol@example.com"],
        bcc=["hidden@example.com"],
        cc=["copy@example.com"],
        reply_to=["answers@example.com", "Späth <late@example.com>"],
        headers=fixed(
            **{"X-Campaign": "späte Grüße", "List-Unsubscribe": "<https://example.com/u>"}
        ),
        **arguments,
    )
    message.attach_alternative("<p>Grüße</p>", "text/html")
    message.attach_alternative("BEGIN:VCALENDAR", "text/calendar; method=REQUEST")
    return message


def inline_image() -> MIMEImage:
    image = MIMEImage(PNG, "png")
    image.add_header("Content-ID", "<logo@inline>")
    image.add_header("Content-Disposition", "inline", filename="logo.png")
    return image


def message_with(*sizes: int, body: str = "Text") -> EmailMessage:
    attachments = [
        (f"../../{size}.bin", bytes([number]) * size, "application/octet-stream")
        for number, size in enumerate(sizes)
    ]
    return EmailMessage("Hi", body, "a@example.com", ["b@example.com"], attachments=attachments)


def without_boundaries(content: bytes | str | None) -> bytes:
    """Return a mail with its random boundaries made equal to those of another."""
    assert isinstance(content, bytes)
    boundaries = dict.fromkeys(re.findall(rb"={10,}\d+==", content))
    for number, boundary in enumerate(boundaries):
        content = content.replace(boundary, b"boundary-%d" % number)
    return content


def mime(message: EmailMessage) -> bytes:
    """Return the mail as it would go to the server."""
    return without_boundaries(message.message().as_bytes())


def files(media: Path) -> list[Path]:
    return sorted(path.relative_to(media) for path in media.rglob("*") if path.is_file())


Configure = Callable[..., None]
