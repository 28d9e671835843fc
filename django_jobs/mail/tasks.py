"""The task that sends a mail when its time has come."""

from __future__ import annotations

from django_jobs.mail.attachments import read, remove
from django_jobs.mail.codec import Payload, decode
from django_jobs.mail.sending import send_now
from django_jobs.tasks.decorator import task


# Declared for the default queue, as a task must not fail at import where QUEUES names no mailers.
# What a mail says stays between its sender and its receiver: it may be a link to a new password,
# also in the data of a provider's template or in a header.
@task(
    redact=(
        *("payload.subject", "payload.body", "payload.alternatives", "payload.attachments"),
        *("payload.headers", "payload.attributes"),
    )
)
def deliver(payload: Payload, using: str | None = None) -> int:
    """Send one mail.

    Args:
        payload: the mail, as `encode` returns it.
        using: the mailer of MAILERS that sends it, or None for the site's default.

    Returns:
        How many mails the email backend says it has sent, 1 or 0.

    Raises:
        Fail: the mail server refuses this mail for good, or an attachment is gone.
        BrokenPayload: it is no mail of ours.
    """
    sent = send_now(decode(payload, read), using)
    remove(payload)
    return sent
