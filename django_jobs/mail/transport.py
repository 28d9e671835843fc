"""The email backend that really sends, by Django's old settings or by its MAILERS."""

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

# The one question that decides between `mail.mailers` and what Django 6.1 deprecates for it.
_HAS_MAILERS = hasattr(mail, "mailers")


def check_alias(using: str | None) -> None:
    """Make sure that a mailer exists before a mail is enqueued for it.

    Raises:
        ImproperlyConfigured: there is no such mailer, or Django has none at all.
    """
    if using is None:
        return
    if not _HAS_MAILERS:
        raise ImproperlyConfigured(
            f"using={using!r} names a mailer of MAILERS, which Django has from 6.1 on. Leave it"
            " out, and EMAIL_BACKEND is used."
        )
    _mailer(using)


def check_target(alias: str | None, using: str | None) -> None:
    """Make sure that what a LaterEmailBackend hands its mail to does send it.

    Args:
        alias: the backend's own name in MAILERS; None where EMAIL_BACKEND names it.
        using: the mailer that sends.

    Raises:
        ImproperlyConfigured: with the setting to change.
    """
    if alias is None:
        path, setting = _legacy_path(), "JOB_EMAIL_BACKEND"
    elif using is None:
        raise ImproperlyConfigured(
            f"MAILERS[{alias!r}]: OPTIONS must define 'using', the alias of the mailer that sends"
            " the mail when its time has come."
        )
    else:
        path, setting = _mailer(using), f"MAILERS[{alias!r}]: OPTIONS['using']"
    if getattr(_imported(path, setting), "sends_later", False):
        raise ImproperlyConfigured(
            f"{setting} names {path if alias is None else using!r}, which sends later itself, so"
            f" no mail would ever be sent. Name one that sends, such as {DEFAULT_BACKEND}."
        )


def real_backend(using: str | None) -> BaseEmailBackend:
    """Return a new backend that sends.

    Args:
        using: a mailer of MAILERS, or None for the site's default. If that one sends later, it is
            the one behind it.
    """
    backend = _configured(using)
    if not getattr(backend, "sends_later", False):
        return backend
    behind: str | None = backend.using  # type: ignore[attr-defined]
    return _legacy_backend() if behind is None else _configured(behind)


@contextmanager
def opened(backend: BaseEmailBackend) -> Iterator[BaseEmailBackend]:
    """Keep a backend open meanwhile; a failure to close is logged, as the mail is sent by then."""
    try:
        backend.open()
        yield backend
    finally:
        _close(backend)


def _close(backend: BaseEmailBackend) -> None:
    try:
        backend.close()
    except Exception:
        logger.warning("The connection to the mail server did not close.", exc_info=True)


def _configured(using: str | None) -> BaseEmailBackend:
    if _HAS_MAILERS:
        # Without MAILERS its default is what EMAIL_BACKEND names.
        return mail.mailers.default if using is None else mail.mailers[using]
    return mail.get_connection()


def _legacy_path() -> str:
    path: str = getattr(settings, "JOB_EMAIL_BACKEND", DEFAULT_BACKEND)
    return path


def _legacy_backend() -> BaseEmailBackend:
    # Django 6.1 warns about an SMTP backend that is made without an alias, and takes None for
    # "use the EMAIL_… settings".
    options: dict[str, Any] = {"alias": None} if _HAS_MAILERS else {}
    backend: BaseEmailBackend = _imported(_legacy_path(), "JOB_EMAIL_BACKEND")(**options)
    return backend


def _mailer(alias: str) -> str:
    """Return the backend's path of a mailer that exists."""
    mailers: dict[str, dict[str, Any]] = getattr(settings, "MAILERS", {})
    if alias not in mailers:
        names = ", ".join(map(repr, mailers)) or "none, as the setting is missing"
        raise ImproperlyConfigured(f"There is no mailer {alias!r} in MAILERS. It has: {names}.")
    path: str = mailers[alias].get("BACKEND", DEFAULT_BACKEND)
    return path


def _imported(path: str, setting: str) -> Any:
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{setting}: the email backend {path!r} cannot be imported: {error}"
        ) from error
