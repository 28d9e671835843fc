"""Refuses placeholders as secrets."""

from __future__ import annotations

import re

from django.core.exceptions import ImproperlyConfigured

MIN_LENGTH = 32
PLACEHOLDER = re.compile(
    r"change|django-insecure|replace|insert|your|example|placeholder|insecure|todo|dummy|default|x{4}|[<>]",
    re.IGNORECASE,
)
GENERATE = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"


def check_secret_key(value: str) -> None:
    """Refuse a key that is a placeholder or can be guessed.

    Raises:
        ImproperlyConfigured: the key is refused; the message says what to do.
    """
    if not value:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set it to a long random value, or set DEBUG=1 for a site that"
            " only you can reach."
        )
    if len(value) < MIN_LENGTH or len(set(value)) < 8 or _is_placeholder(value):
        raise ImproperlyConfigured(
            "SECRET_KEY is a placeholder or too short, so anyone could forge sessions. Set it to at"
            f" least {MIN_LENGTH} random characters, such as {GENERATE} prints."
        )


def check_password(variable: str, value: str | None) -> None:
    """Refuse a password or token that is a placeholder.

    Args:
        variable: the environment variable that it comes from.
        value: the password or token, or None if there is none, as with a local socket.

    Raises:
        ImproperlyConfigured: the value is refused; the message says what to do.
    """
    if value and _is_placeholder(value):
        raise ImproperlyConfigured(
            f"The secret in {variable} is a placeholder. Replace it with a random one, such as"
            f" {GENERATE} prints."
        )


def _is_placeholder(value: str) -> bool:
    """Return whether a value looks like a placeholder."""
    plain = value.casefold()
    return plain in {"secret", "password", "unused"} or bool(PLACEHOLDER.match(plain))
