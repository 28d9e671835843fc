"""The task that sends an email."""

from __future__ import annotations

from django_jobs.mail.attachments import read, remove
from django_jobs.mail.codec import Payload, decode
from django_jobs.mail.sending import send_now
from django_jobs.tasks.decorator import task


# Declared for the default queue, so that the import does not fail if QUEUES lacks "mailers".
# Contents are redacted everywhere, also in headers and in the data of providers' templates: they
# may contain secrets such as password reset links.
@task(
    redact=(
        *("payload.subject", "payload.body", "payload.alternatives", "payload.attachments"),
        *("payload.headers", "payload.attributes"),
    )
)
def deliver(payload: Payload, using: str | None = None) -> int:
    """Send an email.

    Args:
        payload: the email, as returned by `encode`.
        using: the alias of the mailer in MAILERS, or None for the site's default.

    Returns:
        The number of emails that the email backend reports as sent, 1 or 0.

    Raises:
        Fail: the mail server permanently refuses this email, or an attachment no longer exists.
        BrokenPayload: the payload was not made by `encode`.
    """
    sent = send_now(decode(payload, read), using)
    remove(payload)
    return sent
