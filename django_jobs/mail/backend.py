"""The email backend that makes a job of every mail the site sends."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from django_jobs.mail.codec import encode
from django_jobs.mail.later import enqueue
from django_jobs.mail.transport import check_target

logger = logging.getLogger(__name__)

# Django 6.1 adds it where `send_mail` is called with arguments from before MAILERS.
DJANGO_INTERNAL = "_ignore_unknown_kwargs"


class LaterEmailBackend(BaseEmailBackend):
    """Enqueues each message as a job of its own; another email backend sends it there.

    Through `EMAIL_BACKEND`, that other one is named by the setting `JOB_EMAIL_BACKEND`; through
    Django 6.1's `MAILERS`, by the option `using`.

    Args:
        fail_silently: a message that cannot be enqueued is logged, not an error.
        using: alias in MAILERS of the mailer that sends.
        alias: alias of this mailer, given by Django.

    Raises:
        ImproperlyConfigured: an option is unknown or missing, or no mail would ever be sent.
    """

    sends_later: ClassVar[bool] = True

    def __init__(
        self,
        fail_silently: bool = False,
        *,
        using: str | None = None,
        alias: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.alias = alias
        self.fail_silently = fail_silently
        self.using = using
        _refuse(options, alias)
        check_target(alias, using)

    def send_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """Enqueue the messages that have recipients, all of them or none.

        Returns:
            How many were enqueued.

        Raises:
            ValueError, UnserializableArgument: one of them cannot be sent; none is enqueued.
        """
        payloads = [encode(message) for message in email_messages if message.recipients()]
        try:
            enqueue(payloads, using=self.using)
        except Exception:
            if not self.fail_silently:
                raise
            logger.warning("Mails that could not be enqueued: %s.", len(payloads), exc_info=True)
            return 0
        return len(payloads)


def _refuse(options: Mapping[str, object], alias: str | None) -> None:
    """Refuse options that nobody would heed; Django hands over some as None."""
    given = [name for name, value in options.items() if value is not None]
    unknown = ", ".join(repr(name) for name in given if name != DJANGO_INTERNAL)
    if unknown:
        place = "" if alias is None else f"MAILERS[{alias!r}]: "
        raise ImproperlyConfigured(
            f"{place}LaterEmailBackend does not take {unknown}: no login or address of a mail"
            " server is stored with a mail. Give them to the email backend that sends."
        )
