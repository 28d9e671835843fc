"""An email backend that enqueues a job for each email."""

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
    """Enqueues a job for each message, which sends it with another email backend.

    The other backend is set by `JOB_EMAIL_BACKEND` if this one is the `EMAIL_BACKEND`, or by the
    option `using` if it is configured in Django 6.1's `MAILERS`.

    Args:
        fail_silently: log messages that cannot be enqueued, instead of raising an error.
        using: the alias in MAILERS of the mailer that sends.
        alias: the alias of this mailer, passed by Django.

    Raises:
        ImproperlyConfigured: an option is unknown or missing, or the other backend does not send.
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
        """Enqueue all messages that have recipients, or none.

        Returns:
            The number of messages enqueued.

        Raises:
            ValueError, UnserializableArgument: a message cannot be sent. None is enqueued.
        """
        payloads = [encode(message) for message in email_messages if message.recipients()]
        try:
            enqueue(payloads, using=self.using)
        except Exception:
            if not self.fail_silently:
                raise
            logger.warning("Could not enqueue %s email(s).", len(payloads), exc_info=True)
            return 0
        return len(payloads)


def _refuse(options: Mapping[str, object], alias: str | None) -> None:
    """Raise ImproperlyConfigured for unsupported options. Django passes some as None."""
    given = [name for name, value in options.items() if value is not None]
    unknown = ", ".join(repr(name) for name in given if name != DJANGO_INTERNAL)
    if unknown:
        place = "" if alias is None else f"MAILERS[{alias!r}]: "
        raise ImproperlyConfigured(
            f"{place}LaterEmailBackend does not accept {unknown}, because credentials and"
            " addresses of mail servers are not stored in jobs. Pass them to the email backend that"
            " sends."
        )
