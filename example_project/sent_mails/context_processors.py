"""The context for the menu entry of sent mails."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def sent_mails(request: HttpRequest) -> dict[str, bool]:
    """Add `show_sent_mails`."""
    return {"show_sent_mails": settings.SHOW_SENT_MAILS}
