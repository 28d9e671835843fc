"""Finds the email backend that really sends, in Django's older settings or in MAILERS."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

DEFAULT_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

# Whether Django has `mail.mailers` (from 6.1), which replaces `get_connection`.
_HAS_MAILERS = hasattr(mail, "mailers")


def check_alias(using: str | None) -> None:
    """Check that a mailer exists, before an email is enqueued for it.

    Raises:
        ImproperlyConfigured: the mailer does not exist, or this Django has no MAILERS.
    """
    if using is None:
        return
    if not _HAS_MAILERS:
        raise ImproperlyConfigured(
            f"using={using!r} names a mailer in MAILERS, which requires Django 6.1. Omit it to use"
            " EMAIL_BACKEND."
        )
    _mailer(using)


def check_target(alias: str | None, using: str | None) -> None:
    """Check that the backend behind a LaterEmailBackend really sends.

    Args:
        alias: the alias of the LaterEmailBackend in MAILERS; None if it is the EMAIL_BACKEND.
        using: the alias of the mailer that sends.

    Raises:
        ImproperlyConfigured: it does not. The message names the setting to change.
    """
    if alias is None:
        path, setting = _legacy_path(), "JOB_EMAIL_BACKEND"
    elif using is None:
        raise ImproperlyConfigured(
            f"MAILERS[{alias!r}]: OPTIONS must define 'using', the alias of the mailer that sends"
            " the email."
        )
    else:
        path, setting = _mailer(using), f"MAILERS[{alias!r}]: OPTIONS['using']"
    if getattr(_imported(path, setting), "sends_later", False):
        raise ImproperlyConfigured(
            f"{setting} names {path if alias is None else using!r}, which itself sends later, so"
            f" no email would ever be sent. Name a backend that sends, such as {DEFAULT_BACKEND}."
        )


def real_backend(using: str | None) -> BaseEmailBackend:
    """Return a new backend that sends.

    Args:
        using: the alias of a mailer in MAILERS, or None for the site's default. If it is a
            LaterEmailBackend, the backend behind it is returned.
    """
    backend = _configured(using)
    if not getattr(backend, "sends_later", False):
        return backend
    behind: str | None = backend.using  # type: ignore[attr-defined]
    return _legacy_backend() if behind is None else _configured(behind)


@contextmanager
def opened(backend: BaseEmailBackend) -> Iterator[BaseEmailBackend]:
    """Keep a backend open in a `with` block. Errors on closing are logged, as the email is sent."""
    try:
        backend.open()
        yield backend
    finally:
        _close(backend)


def _close(backend: BaseEmailBackend) -> None:
    try:
        backend.close()
    except Exception:
        logger.warning("Could not close the connection to the mail server.", exc_info=True)


def _configured(using: str | None) -> BaseEmailBackend:
    if _HAS_MAILERS:
        # If MAILERS is not set, the default mailer is EMAIL_BACKEND.
        return mail.mailers.default if using is None else mail.mailers[using]
    return mail.get_connection()


def _legacy_path() -> str:
    path: str = getattr(settings, "JOB_EMAIL_BACKEND", DEFAULT_BACKEND)
    return path


def _legacy_backend() -> BaseEmailBackend:
    # Django 6.1 warns about an SMTP backend without an alias; with None it uses the EMAIL_…
    # settings.
    options: dict[str, Any] = {"alias": None} if _HAS_MAILERS else {}
    backend: BaseEmailBackend = _imported(_legacy_path(), "JOB_EMAIL_BACKEND")(**options)
    return backend


def _mailer(alias: str) -> str:
    """Return the dotted path of the backend of a mailer. Raises ImproperlyConfigured if unknown."""
    mailers: dict[str, dict[str, Any]] = getattr(settings, "MAILERS", {})
    if alias not in mailers:
        names = ", ".join(map(repr, mailers)) or "none (the setting is missing)"
        raise ImproperlyConfigured(f"MAILERS has no mailer {alias!r}. It has: {names}.")
    path: str = mailers[alias].get("BACKEND", DEFAULT_BACKEND)
    return path


def _imported(path: str, setting: str) -> Any:
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{setting}: the email backend {path!r} cannot be imported: {error}"
        ) from error
