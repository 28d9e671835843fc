"""The authentication backend, with a limit for wrong passwords."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.throttle import (
    SIGN_INS_FROM_ADDRESS,
    SIGN_INS_TO_ACCOUNT,
    SIGN_INS_TO_ACCOUNT_FROM_ADDRESS,
    client_address,
)


class ThrottledBackend(ModelBackend):
    """Django's backend, which refuses every password after too many wrong ones."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user with this name and password.

        Raises:
            PermissionDenied: too many passwords were wrong; Django treats it as a wrong one.
        """
        name, address = (username or "").lower(), client_address(request)
        limits = (
            (SIGN_INS_TO_ACCOUNT_FROM_ADDRESS, (name, address)),
            (SIGN_INS_TO_ACCOUNT, (name,)),
            (SIGN_INS_FROM_ADDRESS, (address,)),
        )
        if any(limit.is_exceeded(*key) for limit, key in limits):
            raise PermissionDenied
        user = super().authenticate(request, username, password, **kwargs)
        if user is None:
            for limit, key in limits:
                limit.count(*key)
        return user
