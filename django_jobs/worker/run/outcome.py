"""How an attempt ended."""

from __future__ import annotations

from typing import Any, NamedTuple

from django_jobs.jobs.records import Settlement

from .announcements import Announcement


class Outcome(NamedTuple):
    """Everything that a caller of an attempt needs to know of its end.

    Attributes:
        settlement: for the broker.
        announcement: for the log and the receivers of signals.
        error: the error that ended the attempt, if it failed.
        value: what the task returned.
    """

    settlement: Settlement
    announcement: Announcement | None = None
    error: BaseException | None = None
    value: Any = None
