"""Limits the number of attempts, counted in the database for all processes of the site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import Attempt

SALT = "accounts.throttle"
LONGEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Throttle:
    """The number of attempts that are allowed in a period.

    Attributes:
        name: what is counted.
        attempts: how many are allowed.
        period: how long an attempt counts, at most an hour.
    """

    name: str
    attempts: int
    period: timedelta

    def is_exceeded(self, *key: object) -> bool:
        """Return whether no further attempt is allowed now."""
        since = timezone.now() - self.period
        known = Attempt.objects.filter(key=self._digest(key), made_at__gt=since)
        return known.count() >= self.attempts

    def count(self, *key: object) -> None:
        """Count an attempt."""
        Attempt.objects.create(key=self._digest(key))

    def allows(self, *key: object) -> bool:
        """Count an attempt if one is allowed; return whether it is."""
        if self.is_exceeded(*key):
            return False
        self.count(*key)
        return True

    def _digest(self, key: tuple[object, ...]) -> str:
        # A copy of the database must not reveal who made these attempts.
        return salted_hmac(SALT, f"{self.name} {key}", algorithm="sha256").hexdigest()[:32]


LINKS = Throttle("link to join", 3, timedelta(hours=1))
LINKS_FROM_ADDRESS = Throttle("links to join from address", 50, timedelta(hours=1))
OWN_DATA = Throttle("own data", 3, timedelta(hours=1))
RESETS = Throttle("password reset", 3, timedelta(hours=1))
SIGN_INS_TO_ACCOUNT_FROM_ADDRESS = Throttle("account and address", 10, timedelta(minutes=15))
SIGN_INS_TO_ACCOUNT = Throttle("account", 50, timedelta(hours=1))
SIGN_INS_FROM_ADDRESS = Throttle("address", 100, timedelta(hours=1))


def client_address(request: HttpRequest | None) -> str:
    """Return the IP address of the client; behind a proxy, the one that the proxy reports."""
    if request is None:
        return ""
    if settings.BEHIND_PROXY:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def delete_old_attempts() -> int:
    """Delete attempts that no longer count, and return their number."""
    old = Attempt.objects.filter(made_at__lt=timezone.now() - LONGEST)
    return old.delete()[0]
