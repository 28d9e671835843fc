"""What a page says about the action before it, kept in a signed cookie until it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

COOKIE = "django_jobs_notice"
SALT = "django_jobs.dashboard.notice"
KEPT = 120
"""Seconds: who was away for longer does not read about it as if it were new."""

LONGEST = 600
"""Letters: browsers refuse cookies of more than four kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A sentence for the person who clicked.

    Attributes:
        text: whole and translated.
        kind: "good", "warning" or "error".
    """

    text: str
    kind: str = "good"


def leave(request: HttpRequest, response: HttpResponse, notice: Notice) -> None:
    """Let the next page show it. The site may have neither sessions nor messages."""
    short = Notice(text=notice.text[:LONGEST], kind=notice.kind)
    response.set_cookie(
        COOKIE,
        signing.dumps(asdict(short), salt=SALT, compress=True),
        max_age=KEPT,
        path=_path(),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def left(request: HttpRequest) -> Notice | None:
    """Return what the action before left, if anything."""
    try:
        stored = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT)
        return Notice(**stored)
    except (signing.BadSignature, TypeError):
        return None


def forget(response: HttpResponse) -> None:
    """Take it away, as it is shown."""
    response.delete_cookie(COOKIE, path=_path(), samesite="Lax")


def _path() -> str:
    return reverse("django_jobs_dashboard:overview")
