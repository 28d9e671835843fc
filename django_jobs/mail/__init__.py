"""Sends email by jobs, now or later, and retries if the mail server is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_jobs.mail.attachments import clean_attachments
    from django_jobs.mail.backend import LaterEmailBackend
    from django_jobs.mail.later import send_later, send_mail_later

__all__ = ["LaterEmailBackend", "clean_attachments", "send_later", "send_mail_later"]

_HOMES = {
    "LaterEmailBackend": "backend",
    "clean_attachments": "attachments",
    "send_later": "later",
    "send_mail_later": "later",
}


def __getattr__(name: str) -> Any:
    # Lazy, because two threads that import the package and one of its modules at the same time,
    # as in the development server, could each see a partially initialized module.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
