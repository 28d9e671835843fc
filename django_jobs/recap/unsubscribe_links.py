"""Signed links to unsubscribe from recaps without logging in."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.urls import reverse

from .conf import absolute
from .models import RecapSettings

SALT = "django_jobs.recap.unsubscribe"


def unsubscribe_url(user: Any) -> str:
    """Return the absolute link for a user. It never expires, as emails may be read years later."""
    token = signing.Signer(salt=SALT).sign(str(user.pk))
    return absolute(reverse("django_jobs_recap:unsubscribe", args=[token]))


def user_pk_of(token: str) -> str:
    """Return the primary key, as text, of the user for whom a token was signed.

    Raises:
        signing.BadSignature: the token was not signed by this site.
    """
    return signing.Signer(salt=SALT).unsign(token)


def switch_off(user_pk: Any) -> None:
    """Switch a user's recaps off. Does nothing if they are off or the user does not exist."""
    try:
        # Not user=…: that query fails if the key is a number too large for its column.
        choice = RecapSettings.objects.filter(user__pk=user_pk)
    except (TypeError, ValueError, ValidationError):
        return  # an old link: users now have another type of primary key
    choice.update(enabled=False, due_at=None)
