"""Mail becomes a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.functional import Promise

from django_jobs.backends import our_backend
from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.errors import BrokerError
from django_jobs.jobs.result import AnyJobResult
from django_jobs.mail.attachments import fit, remove
from django_jobs.mail.codec import Payload, encode
from django_jobs.mail.tasks import deliver
from django_jobs.mail.transport import check_alias
from django_jobs.tasks.definition import Task

QUEUE = "mailers"

BATCH = 1000
"""Mails that are enqueued in one round trip."""


def send_mail_later(
    subject: str | Promise,
    message: str | Promise,
    from_email: str | None,
    recipient_list: Sequence[str],
    *,
    html_message: str | Promise | None = None,
    using: str | None = None,
    run_after: datetime | timedelta | None = None,
    queue_name: str = QUEUE,
    priority: int = 0,
) -> AnyJobResult | None:
    """Send a mail as Django's `send_mail` does, but by a job.

    Args:
        subject: a lazy translation is translated now, as in the texts.
        message: the plain text.
        from_email: None for `DEFAULT_FROM_EMAIL`.
        recipient_list: addresses; each of them sees the others.
        html_message: the same text as HTML.
        using, run_after, queue_name, priority: as for `send_later`.

    Returns:
        The job, or None if there is nobody to send to.

    Raises:
        ValueError, UnserializableArgument, PayloadTooLarge, ImproperlyConfigured: as `send_later`.
    """
    mail = EmailMultiAlternatives(str(subject), str(message), from_email, recipient_list)
    if html_message:
        mail.attach_alternative(str(html_message), "text/html")
    return send_later(
        mail, using=using, run_after=run_after, queue_name=queue_name, priority=priority
    )


def send_later(
    message: EmailMessage,
    *,
    using: str | None = None,
    run_after: datetime | timedelta | None = None,
    queue_name: str = QUEUE,
    priority: int = 0,
) -> AnyJobResult | None:
    """Send any message by a job, with its attachments, headers and provider's attributes.

    Its Date and Message-ID are set now, so that every attempt sends the same mail. The message
    itself is left as it was; a connection that it carries is not used.

    Args:
        message: of Django's classes or of one that adds data to them.
        using: alias of a mailer in Django 6.1's `MAILERS`; None for the site's default.
        run_after: when to send it, an aware datetime or a timedelta from now; None for at once.
        queue_name: the queue of the job.
        priority: −100 to 100, higher goes sooner.

    Returns:
        The job, or None if the message has no recipients: nothing is enqueued then, as Django's
        `send()` sends nothing.

    Raises:
        ValueError: Django refuses to build the message, for a line break in a header for example.
        UnserializableArgument: an attribute of the message, or its class, cannot be kept.
        PayloadTooLarge: the message is too large even without its attachments.
        ImproperlyConfigured: there is no mailer `using`, or large attachments have no storage.
    """
    check_alias(using)
    if not message.recipients():
        return None
    [result] = enqueue(
        [encode(message)],
        using=using,
        run_after=run_after,
        queue_name=queue_name,
        priority=priority,
    )
    return result


def enqueue(
    payloads: Sequence[Payload],
    *,
    using: str | None = None,
    run_after: datetime | timedelta | None = None,
    queue_name: str = QUEUE,
    priority: int = 0,
) -> list[AnyJobResult]:
    """Enqueue mails of `encode`, a job for each; the other arguments are those of `send_later`.

    Of a thousand mails all are enqueued or none, as long as they have less than 8 megabytes.
    """
    task = deliver.using(queue_name=queue_name, priority=priority, run_after=run_after)
    results: list[AnyJobResult] = []
    for start in range(0, len(payloads), BATCH):
        batch = [_fitted(task, payload) for payload in payloads[start : start + BATCH]]
        results += _enqueue_batch(task, batch, using)
    return results


def _fitted(task: Task[..., Any], payload: Payload) -> Payload:
    backend = our_backend(task.backend)
    if backend is None:
        return payload  # Django knows no limit that other people's backends could tell.
    return fit(payload, backend.configuration.max_payload, _due(task.run_after))


def _enqueue_batch(
    task: Task[..., Any], payloads: Sequence[Payload], using: str | None
) -> list[AnyJobResult]:
    try:
        return task.bulk_enqueue([(payload, using) for payload in payloads])
    except BrokerError:
        # Some of the jobs may have arrived all the same, so their files stay.
        raise
    except Exception:
        for payload in payloads:
            remove(payload)
        raise


def _due(run_after: datetime | timedelta | None) -> date:
    now = now_ms()
    if isinstance(run_after, datetime):
        return from_ms(max(now, to_ms(run_after))).date()
    return (from_ms(now) + (run_after or timedelta())).date()
