"""What the tests of the example site share."""

from __future__ import annotations

from django.core.mail import EmailMessage, EmailMultiAlternatives


def html_of(message: EmailMessage) -> str:
    """The HTML part of a mail."""
    assert isinstance(message, EmailMultiAlternatives)
    return str(message.alternatives[0][0])
