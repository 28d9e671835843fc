"""Sends an email, and fails the job if the refusal is permanent."""

from __future__ import annotations

from smtplib import SMTPException

from django.core.mail import EmailMessage

from django_jobs.errors import Fail
from django_jobs.mail import smtp_errors
from django_jobs.mail.transport import opened, real_backend


def send_now(message: EmailMessage, using: str | None = None) -> int:
    """Send an email with the backend that really sends, not a `LaterEmailBackend`.

    Args:
        message: the email.
        using: the alias of the mailer in MAILERS, or None for the site's default.

    Returns:
        The number of emails that the email backend reports as sent, 1 or 0.

    Raises:
        Fail: the mail server permanently refuses this email.
    """
    # Errors before the connection is open do not concern the email, and are retried.
    with opened(real_backend(using)) as backend:
        try:
            return backend.send_messages([message]) or 0
        except SMTPException as error:
            if not smtp_errors.is_permanent(error):
                raise
            raise Fail(
                f"The mail server refused the email: {smtp_errors.reply_text(error)}"
            ) from error
