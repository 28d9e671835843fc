"""The log of what was changed from the dashboard, with who did it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

logger = logging.getLogger("django_jobs.dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that somebody did.

    Attributes:
        action: one word for it, such as "pause".
        target: what it was done to: a queue, a worker, a job, or how jobs were chosen.
        count: how many things changed.
    """

    action: str
    target: str
    count: int = 1


def log_change(who: str, backend: str, change: Change) -> None:
    """Write a line for people, whose `extra` has the same for machines.

    Args:
        who: name of the visitor.
        backend: alias in `TASKS`.
        change: what was done.
    """
    logger.info(
        "%s did %s on %s, %d changed (backend %s).",
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
    """Quote text of others: a line break in it must not look like a second entry."""
    return repr(text)
