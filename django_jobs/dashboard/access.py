"""Identifies visitors and checks what they may do."""

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
    """The codename of a permission that the dashboard checks."""

    VIEW = "view_dashboard"
    MANAGE = "manage_jobs"
    CONTROL = "control_workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who may view the dashboard.

    Attributes:
        name: the username, for the audit log.
        permissions: includes `Permission.VIEW` in any case.
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
    """Return the visitor, or None for anyone without permission to view the dashboard."""
    return _permitted_user(request) or _known_by_password(request)


def may_use_api(request: HttpRequest) -> bool:
    """Return whether a request may use the API: with the token, or as a visitor."""
    token = options().token
    given = _credentials(request, "bearer")
    is_tried = token and given is not None and is_safe_for_secrets(request)
    if is_tried and _accepted(request, "token", _same(given or "", token)):
        return True
    return identify(request) is not None


def is_safe_for_secrets(request: HttpRequest) -> bool:
    """Return whether the connection protects a password or token from eavesdroppers."""
    return request.is_secure() or settings.DEBUG or options().allow_http


def accepts_basic_auth(request: HttpRequest) -> bool:
    """Return whether basic auth is configured, and safe on this connection."""
    return options().has_basic_auth and is_safe_for_secrets(request)


def seconds_to_wait(request: HttpRequest) -> int:
    """Return for how many seconds credentials from this client's address are ignored."""
    return THROTTLE.seconds_to_wait(_address(request)) if has_credentials(request) else 0


def has_credentials(request: HttpRequest) -> bool:
    """Return whether a request sends credentials, and the dashboard accepts any."""
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
    # Compare both in any case, so that the time taken does not reveal which of them was right.
    is_right = _same(username, known.username) & _same(password, known.password)
    if not _accepted(request, "name or password", is_right):
        return None
    # Only a password resets the count. A token grants less, and its owner could otherwise
    # guess passwords without limit.
    THROTTLE.forgive(_address(request))
    return Visitor(name=known.username, permissions=frozenset(Permission))


def _accepted(request: HttpRequest, what: str, is_right: bool) -> bool:
    """Count a login attempt, and return whether it succeeded and the address is not blocked."""
    address = _address(request)
    if THROTTLE.seconds_to_wait(address):
        return False
    if is_right:
        THROTTLE.succeeded(address)
        return True
    THROTTLE.failed(address)
    wait = THROTTLE.seconds_to_wait(address)
    logger.warning(
        "Dashboard login failed from %s: wrong %s.%s",
        address or "an unknown address",
        what,
        f" Further attempts from there are ignored for {wait} s." if wait else "",
        extra={"dashboard_address": address},
    )
    return False


def _address(request: HttpRequest) -> str:
    """Return the address of the connection. Headers such as X-Forwarded-For can be forged."""
    return str(request.META.get("REMOTE_ADDR") or "")


def _credentials(request: HttpRequest, wanted: str) -> str | None:
    """Return the credentials in the Authorization header, or None if its scheme is another."""
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
    # Digests have one length, so comparing them does not reveal the length of the secret.
    ours, theirs = known.encode(), given.encode("utf-8", "surrogateescape")
    return compare_digest(sha256(theirs).digest(), sha256(ours).digest())
