"""Enqueues jobs that send email."""

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

PORTION = 1000
"""Emails enqueued in one round trip."""


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
    """Send an email like Django's `send_mail`, but by a job.

    Args:
        subject: the subject. Lazy translations are resolved now, here and in the texts.
        message: the plain text.
        from_email: the sender; None for `DEFAULT_FROM_EMAIL`.
        recipient_list: the addresses; each recipient sees the others.
        html_message: the text as HTML.
        using, run_after, queue_name, priority: as for `send_later`.

    Returns:
        The result of the job, or None if there are no recipients.

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
    """Send a message by a job, with its attachments, headers and attributes for providers.

    Its Date and Message-ID are set now, so that every attempt sends the same email. The message is
    not modified, and its connection is not used.

    Args:
        message: an instance of one of Django's classes, or of a subclass that only adds data.
        using: the alias of a mailer in Django 6.1's `MAILERS`; None for the site's default.
        run_after: when to send it: an aware datetime, a timedelta from now, or None for now.
        queue_name: the queue of the job.
        priority: −100 to 100; higher runs earlier.

    Returns:
        The result of the job, or None if the message has no recipients. Nothing is enqueued then,
        just as Django's `send()` sends nothing.

    Raises:
        ValueError: Django refuses to build the message, for example for a line break in a header.
        UnserializableArgument: an attribute or the class of the message cannot be stored.
        PayloadTooLarge: the message is too large even without its attachments.
        ImproperlyConfigured: the mailer `using` does not exist, or large attachments have no
            storage.
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
    """Enqueue a job for each email from `encode`. The other arguments are as for `send_later`.

    Up to 1,000 emails of less than 8 MB together are enqueued all or none.
    """
    task = deliver.using(queue_name=queue_name, priority=priority, run_after=run_after)
    results: list[AnyJobResult] = []
    for start in range(0, len(payloads), PORTION):
        portion = [_fitted(task, payload) for payload in payloads[start : start + PORTION]]
        results += _enqueue_portion(task, portion, using)
    return results


def _fitted(task: Task[..., Any], payload: Payload) -> Payload:
    backend = our_backend(task.backend)
    if backend is None:
        return payload  # Other backends have no way to declare a limit.
    return fit(payload, backend.configuration.max_payload, _due(task.run_after))


def _enqueue_portion(
    task: Task[..., Any], payloads: Sequence[Payload], using: str | None
) -> list[AnyJobResult]:
    try:
        return task.bulk_enqueue([(payload, using) for payload in payloads])
    except BrokerError:
        # Some jobs may have reached the broker, so keep their files.
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
