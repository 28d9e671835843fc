"""Who may see the dashboard, and who may change what."""

from __future__ import annotations

import base64
import logging
from binascii import Error as NotBase64
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest

from .conf import options
from .throttle import THROTTLE

logger = logging.getLogger("django_jobs.dashboard")


class Permission(StrEnum):
    """What a visitor may do, by the name of the permission that grants it."""

    VIEW = "view_dashboard"
    MANAGE = "manage_jobs"
    CONTROL = "control_workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who may see the dashboard.

    Attributes:
        name: for the log of what was done.
        permissions: who may change things may also see them.
    """

    name: str
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def may_manage(self) -> bool:
        return self.may(Permission.MANAGE)

    @property
    def may_control(self) -> bool:
        return self.may(Permission.CONTROL)


def identify(request: HttpRequest) -> Visitor | None:
    """Return who is asking, or None for everybody who may not see anything."""
    return _permitted_user(request) or _known_by_password(request)


def may_use_api(request: HttpRequest) -> bool:
    """Tell whether a request may read figures: by the token, or as a visitor."""
    token = options().token
    given = _credentials(request, "bearer")
    is_tried = token and given is not None and is_safe_for_secrets(request)
    if is_tried and _accepted(request, "token", _same(given or "", token)):
        return True
    return identify(request) is not None


def is_safe_for_secrets(request: HttpRequest) -> bool:
    """Tell whether nobody on the way can read a password or token that a request brings."""
    return request.is_secure() or settings.DEBUG or options().allow_http


def accepts_basic_auth(request: HttpRequest) -> bool:
    """Tell whether basic auth is set up, and safe enough on this connection."""
    return options().has_basic_auth and is_safe_for_secrets(request)


def seconds_to_wait(request: HttpRequest) -> int:
    """Return for how long no password or token from where a request comes is looked at."""
    return THROTTLE.seconds_to_wait(_address(request)) if has_credentials(request) else 0


def has_credentials(request: HttpRequest) -> bool:
    """Tell whether a request brings a password or token to a dashboard that knows one."""
    known = options()
    return "Authorization" in request.headers and bool(known.token or known.has_basic_auth)


def _permitted_user(request: HttpRequest) -> Visitor | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    held = {one for one in Permission if user.has_perm(f"django_jobs_dashboard.{one}")}
    if not held:
        return None
    return Visitor(name=user.get_username(), permissions=frozenset(held | {Permission.VIEW}))


def _known_by_password(request: HttpRequest) -> Visitor | None:
    given = _basic_credentials(request)
    if given is None or not accepts_basic_auth(request):
        return None
    known = options()
    username, password = given
    # Both are compared in any case: how long it takes tells nobody which of them was right.
    is_right = _same(username, known.username) & _same(password, known.password)
    if not _accepted(request, "name or password", is_right):
        return None
    # The token, which opens less, forgives nothing: its owner could guess the password for ever.
    THROTTLE.forgive(_address(request))
    return Visitor(name=known.username, permissions=frozenset(Permission))


def _accepted(request: HttpRequest, what: str, is_right: bool) -> bool:
    """Count an attempt; tell whether it was the right one, from where not too many were wrong."""
    address = _address(request)
    if THROTTLE.seconds_to_wait(address):
        return False
    if is_right:
        THROTTLE.succeeded(address)
        return True
    THROTTLE.failed(address)
    wait = THROTTLE.seconds_to_wait(address)
    logger.warning(
        "A wrong %s was given at the dashboard from %s.%s",
        what,
        address or "an unknown address",
        f" No other from there is looked at for {wait} s." if wait else "",
        extra={"dashboard_address": address},
    )
    return False


def _address(request: HttpRequest) -> str:
    """Return where a request comes from, as the server says: headers can be made up."""
    return str(request.META.get("REMOTE_ADDR") or "")


def _credentials(request: HttpRequest, wanted: str) -> str | None:
    """Return what stands behind a scheme in the header, or None if it has another one."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given if scheme.lower() == wanted else None


def _basic_credentials(request: HttpRequest) -> tuple[str, str] | None:
    encoded = _credentials(request, "basic")
    if encoded is None:
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (NotBase64, ValueError):
        return None
    username, colon, password = text.partition(":")
    return (username, password) if colon else None


def _same(given: str, known: str) -> bool:
    # Digests are of one length: comparing them does not tell how long the known one is.
    ours, theirs = known.encode(), given.encode("utf-8", "surrogateescape")
    return compare_digest(sha256(theirs).digest(), sha256(ours).digest())
