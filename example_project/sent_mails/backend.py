"""An e-mail backend that keeps mails in the database and sends none."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from sent_mails.models import SentMail

KEPT = 500


class DatabaseBackend(BaseEmailBackend):
    """Keep the latest mails for the page at `/mails/`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store the messages, then let the oldest ones go."""
        SentMail.objects.bulk_create(_kept(message) for message in email_messages)
        too_old = SentMail.objects.values_list("pk", flat=True)[KEPT:]
        SentMail.objects.filter(pk__in=list(too_old)).delete()
        return len(email_messages)


def _kept(message: EmailMessage) -> SentMail:
    return SentMail(
        subject=str(message.subject),
        recipients=", ".join(message.recipients()),
        raw=message.message().as_bytes(),
    )
