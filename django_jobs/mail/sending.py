"""Sends a mail at once, and tells the refusals that are final."""

from __future__ import annotations

from smtplib import SMTPException

from django.core.mail import EmailMessage

from django_jobs.errors import Fail
from django_jobs.mail import smtp_errors
from django_jobs.mail.transport import opened, real_backend


def send_now(message: EmailMessage, using: str | None = None) -> int:
    """Send a mail by the backend that really sends, not by a `LaterEmailBackend`.

    Args:
        using: the mailer of MAILERS that sends it, or None for the site's default.

    Returns:
        How many mails the email backend says it has sent, 1 or 0.

    Raises:
        Fail: the mail server refuses this mail for good.
    """
    # Whatever goes wrong before the connection is open is not the mail's fault: it is retried.
    with opened(real_backend(using)) as backend:
        try:
            return backend.send_messages([message]) or 0
        except SMTPException as error:
            if not smtp_errors.is_permanent(error):
                raise
            raise Fail(
                f"The mail server refused the mail: {smtp_errors.reply_text(error)}"
            ) from error
