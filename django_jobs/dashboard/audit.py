"""The audit log: who changed what from the dashboard."""

from __future__ import annotations

import logging
from dataclasses import dataclass

logger = logging.getLogger("django_jobs.dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change.

    Attributes:
        action: what was done, such as "pause queue".
        target: the queue, worker or jobs that were changed, or the filters that selected jobs.
        count: the number of things changed.
    """

    action: str
    target: str
    count: int = 1


def log_change(who: str, backend: str, change: Change) -> None:
    """Log a change as a message for people, with the same data in `extra` for programs.

    Args:
        who: the name of the visitor.
        backend: the alias in `TASKS`.
        change: what was done.
    """
    logger.info(
        "%s: %s %s (%d changed, backend %s).",
        *(_one_line(who), change.action, _one_line(change.target), change.count, backend),
        extra={
            "dashboard_user": who,
            "dashboard_action": change.action,
            "dashboard_target": change.target,
            "dashboard_count": change.count,
            "dashboard_backend": backend,
        },
    )


def _one_line(text: str) -> str:
    """Quote untrusted text, so that a line break in it cannot forge a second log entry."""
    return repr(text)
