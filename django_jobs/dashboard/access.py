"""Who may see the dashboard, and who may change what."""

from __future__ import annotations

import base64
import logging
from binascii import Error as NotBase64
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest

from .conf import options

logger = logging.getLogger("django_jobs.dashboard")


class Right(StrEnum):
    """What a visitor may do, by the name of the permission that grants it."""

    VIEW = "view_dashboard"
    MANAGE = "manage_jobs"
    CONTROL = "control_workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who may see the dashboard.

    Attributes:
        name: for the log of what was done.
        rights: who may change things may also see them.
    """

    name: str
    rights: frozenset[Right]

    def may(self, right: Right) -> bool:
        return right in self.rights

    @property
    def may_manage(self) -> bool:
        return self.may(Right.MANAGE)

    @property
    def may_control(self) -> bool:
        return self.may(Right.CONTROL)


def visitor_of(request: HttpRequest) -> Visitor | None:
    """Return who is asking, or None for everybody who may not see anything."""
    return _permitted_user(request) or _known_by_password(request)


def is_open_to_machine(request: HttpRequest) -> bool:
    """Tell whether a request may read figures: by the token, or as a visitor."""
    token = options().token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and _same(given, token):
        return True
    return visitor_of(request) is not None


def takes_passwords(request: HttpRequest) -> bool:
    """Tell whether basic auth is set up, and safe enough on this connection."""
    safe = request.is_secure() or settings.DEBUG or options().allow_http
    return options().has_basic_auth and safe


def _permitted_user(request: HttpRequest) -> Visitor | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    rights = {right for right in Right if user.has_perm(f"django_jobs_dashboard.{right}")}
    if not rights:
        return None
    return Visitor(name=user.get_username(), rights=frozenset(rights | {Right.VIEW}))


def _known_by_password(request: HttpRequest) -> Visitor | None:
    given = _basic_credentials(request)
    if given is None or not takes_passwords(request):
        return None
    known = options()
    username, password = given
    # Both are compared in any case: how long it takes tells nobody which of them was right.
    if _same(username, known.username) & _same(password, known.password):
        return Visitor(name=known.username, rights=frozenset(Right))
    logger.warning("Somebody gave a wrong name or password at the dashboard.")
    return None


def _basic_credentials(request: HttpRequest) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (NotBase64, ValueError):
        return None
    username, colon, password = text.partition(":")
    return (username, password) if colon else None


def _same(given: str, known: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogateescape"), known.encode())
