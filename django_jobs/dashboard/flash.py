"""What a page says about the action before it, kept in a signed cookie until it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

COOKIE = "django_jobs_flash"
SALT = "django_jobs.dashboard.flash"
MAX_AGE = 120
"""Seconds: who was away for longer does not read about it as if it were new."""

MAX_LENGTH = 600
"""Letters: browsers refuse cookies of more than four kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashMessage:
    """A sentence for the person who clicked.

    Attributes:
        text: whole and translated.
        kind: "good", "warning" or "error".
    """

    text: str
    kind: str = "good"


def write(request: HttpRequest, response: HttpResponse, message: FlashMessage) -> None:
    """Let the next page show it. The site may have neither sessions nor messages."""
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
    """Return what the action before left, if anything."""
    try:
        stored = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE)
        return FlashMessage(**stored)
    except (signing.BadSignature, TypeError):
        return None


def clear(response: HttpResponse) -> None:
    """Take it away, as it is shown."""
    response.delete_cookie(COOKIE, path=_path(), samesite="Lax")


def _path() -> str:
    return reverse("django_jobs_dashboard:overview")
