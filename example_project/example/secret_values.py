"""Secrets that everybody knows, and that no site must start with."""

from __future__ import annotations

import re

from django.core.exceptions import ImproperlyConfigured

LEAST = 32
PLACEHOLDER = re.compile(
    r"change|django-insecure|replace|insert|your|example|placeholder|insecure|todo|dummy|default|x{4}|[<>]",
    re.IGNORECASE,
)
GENERATE = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"


def check_secret_key(value: str) -> None:
    """Refuse a key that is a placeholder, or that can be guessed.

    Raises:
        ImproperlyConfigured: with what to do.
    """
    if not value:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Give it a long random value, or set DEBUG=1 for a site that"
            " only you can reach."
        )
    if len(value) < LEAST or len(set(value)) < 8 or _is_placeholder(value):
        raise ImproperlyConfigured(
            "SECRET_KEY is a placeholder or too short: anybody could sign in with what they sign"
            f" themselves. Give it at least {LEAST} random characters, such as {GENERATE} prints."
        )


def check_password(variable: str, value: str | None) -> None:
    """Refuse a password or token that is a placeholder.

    Args:
        variable: where it comes from.
        value: the password or token, or None where there is none, as with a local socket.

    Raises:
        ImproperlyConfigured: with what to do.
    """
    if value and _is_placeholder(value):
        raise ImproperlyConfigured(
            f"The secret in {variable} is a placeholder. Replace it by a random one, such as"
            f" {GENERATE} prints."
        )


def _is_placeholder(value: str) -> bool:
    """Tell whether a value says of itself that it is to be replaced."""
    plain = value.casefold()
    return plain in {"secret", "password", "unused"} or bool(PLACEHOLDER.match(plain))
