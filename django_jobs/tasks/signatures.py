"""Signatures of task names, which prove to a worker that its own site enqueued a job."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.core.signing import BadSignature, Signer

SALT = "django_jobs.task"

LENGTH = 22
"""The characters of a signature, with 6 bits each: short, as every job carries one."""


class _NameSigner(Signer):
    """Django's signer, with a shortened digest."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return super().signature(value, key)[:LENGTH]


def sign(name: str) -> str:
    """Return the signature of a task's name, made with `SECRET_KEY`."""
    return _sign(name, settings.SECRET_KEY)


def is_signed(name: str, signature: str) -> bool:
    """Return whether a signature of a name was made with `SECRET_KEY` or one of its fallbacks."""
    try:
        return _NameSigner(salt=SALT).unsign(f"{name}:{signature}") == name
    except (BadSignature, UnicodeEncodeError):  # the latter of a lone surrogate
        return False


@cache  # enqueue() calls it for each job; a site has few tasks
def _sign(name: str, key: str | bytes) -> str:
    return _NameSigner(key=key, salt=SALT).signature(name)
