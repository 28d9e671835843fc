"""Messages about the last action, kept in a signed cookie until a page shows them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

COOKIE = "django_jobs_flash"
SALT = "django_jobs.dashboard.flash"
MAX_AGE = 120
"""Seconds after which a message is too old to be shown."""

MAX_LENGTH = 600
"""Characters; browsers refuse cookies of more than 4 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashMessage:
    """A message for the visitor.

    Attributes:
        text: a translated sentence.
        kind: "good" or "warning".
    """

    text: str
    kind: str = "good"


def write(request: HttpRequest, response: HttpResponse, message: FlashMessage) -> None:
    """Store a message for the next page. The site may have neither sessions nor messages."""
    cut = FlashMessage(text=message.text[:MAX_LENGTH], kind=message.kind)
    response.set_cookie(
        COOKIE,
        signing.dumps(asdict(cut), salt=SALT, compress=True),
        max_age=MAX_AGE,
        path=_path(),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def read(request: HttpRequest) -> FlashMessage | None:
    """Return the stored message, or None."""
    try:
        stored = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE)
        return FlashMessage(**stored)
    except (signing.BadSignature, TypeError):
        return None


def clear(response: HttpResponse) -> None:
    """Delete the stored message."""
    response.delete_cookie(COOKIE, path=_path(), samesite="Lax")


def _path() -> str:
    return reverse("django_jobs_dashboard:overview")
