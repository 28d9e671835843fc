"""What the caller of an attempt needs to know of its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django_jobs.jobs.observers import AttemptEnd
from django_jobs.jobs.records import Settlement

from .announcements import Announcement


# One is created for every job: a frozen one takes several times as long.
@dataclass(slots=True, eq=False)
class Outcome:
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

    @property
    def observed(self) -> AttemptEnd:
        """What libraries that follow jobs are told of the end."""
        return AttemptEnd(self.settlement.state, self.error)
