"""Links that confirm an e-mail address."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing

SALT = "accounts.confirmation"
VALID_FOR = timedelta(days=1)


def make_token(email: str) -> str:
    """Return the token of a link to join with an address."""
    return signing.dumps(email, salt=SALT)


def read_token(token: str) -> str | None:
    """Return the address that a token is for, or None if it is expired or forged."""
    try:
        email: str = signing.loads(token, salt=SALT, max_age=VALID_FOR)
    except signing.BadSignature:
        return None
    return email
