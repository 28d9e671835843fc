"""What the tests of the recap share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib.auth.models import User

NOW = datetime(2026, 5, 20, 6, 0, tzinfo=UTC)
"""A Wednesday, 8:00 in Berlin."""


LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


MakeUser = Callable[..., User]


MailThrough = Callable[[str], None]
