"""Tasks with secrets in their arguments, and some that end as a test wants."""

from __future__ import annotations

from typing import Any

from django_jobs import Retry, task
from django_jobs.compat import TaskContext

FIXED: set[str] = set()
"""Causes of failures that have been fixed."""


@task(redact=("iban", "order.card", "rest"))
def charge(iban: str, order: Any, *rest: str, password: str = "", note: str = "") -> None:
    """Takes what nobody should read."""


@task(takes_context=True)
def sign_in(context: TaskContext[..., Any], user: str, api_token: str) -> None:
    """Takes a context before its arguments."""


@task(queue_name="mailers", retry=Retry(attempts=1))
def invite(address: str) -> str:
    """Send an invitation, once the server takes it."""
    if "server" not in FIXED:
        raise ConnectionRefusedError(f"mail.example refused {address}: greylisted")
    return f"sent to {address}"
