"""An e-mail backend that stores mails in the database instead of sending them."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from sent_mails.models import SentMail

MAX_MAILS = 500


class DatabaseBackend(BaseEmailBackend):
    """Stores the latest mails for the page at `/mails/`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store the messages, and delete the oldest ones."""
        SentMail.objects.bulk_create(_to_row(message) for message in email_messages)
        too_old = SentMail.objects.values_list("pk", flat=True)[MAX_MAILS:]
        SentMail.objects.filter(pk__in=list(too_old)).delete()
        return len(email_messages)


def _to_row(message: EmailMessage) -> SentMail:
    return SentMail(
        subject=str(message.subject),
        recipients=", ".join(message.recipients()),
        raw=message.message().as_bytes(),
    )
