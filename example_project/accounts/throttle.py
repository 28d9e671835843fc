"""How often somebody may try, counted in the database for all processes of the site."""

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
class Limit:
    """How often the same key may be tried.

    Attributes:
        kind: of what is counted.
        most: how many attempts count as too many.
        within: how long an attempt counts, at most an hour.
    """

    kind: str
    most: int
    within: timedelta

    def is_reached(self, *key: object) -> bool:
        """Tell whether nothing more may be tried for now."""
        since = timezone.now() - self.within
        known = Attempt.objects.filter(key=self._digest(key), made_at__gt=since)
        return known.count() >= self.most

    def count(self, *key: object) -> None:
        """Count one attempt."""
        Attempt.objects.create(key=self._digest(key))

    def allows(self, *key: object) -> bool:
        """Count one attempt, if another one may be made; tell whether it may."""
        if self.is_reached(*key):
            return False
        self.count(*key)
        return True

    def _digest(self, key: tuple[object, ...]) -> str:
        # A copy of the database must not show who made these attempts.
        return salted_hmac(SALT, f"{self.kind} {key}", algorithm="sha256").hexdigest()[:32]


LINKS = Limit("link to join", 3, timedelta(hours=1))
LINKS_FROM_ADDRESS = Limit("links to join from address", 50, timedelta(hours=1))
RESETS = Limit("password reset", 3, timedelta(hours=1))
SIGN_INS_TO_ACCOUNT_FROM_ADDRESS = Limit("account and address", 10, timedelta(minutes=15))
SIGN_INS_TO_ACCOUNT = Limit("account", 50, timedelta(hours=1))
SIGN_INS_FROM_ADDRESS = Limit("address", 100, timedelta(hours=1))


def address_of(request: HttpRequest | None) -> str:
    """Return where a request comes from; behind a proxy, what the proxy itself says of it."""
    if request is None:
        return ""
    if settings.BEHIND_PROXY:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def forget_attempts() -> int:
    """Forget the attempts that count no more, and return how many there were."""
    old = Attempt.objects.filter(made_at__lt=timezone.now() - LONGEST)
    return old.delete()[0]
