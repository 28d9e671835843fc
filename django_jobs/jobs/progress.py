"""The progress that a running job reports."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from django_jobs.jobs.membership import Membership
from django_jobs.validation.validators import short_repr

MAX_TEXT = 200
MAX_NUMBER = 10**15
"""The largest number that every reader can represent exactly."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an attempt.

    Attributes:
        total: how much there is to do, or None if unknown.
        text: a description for people.
    """

    done: float
    total: float | None = None
    text: str = ""

    @property
    def fraction(self) -> float | None:
        """The fraction that is done, from 0 to 1, or None without a total."""
        return None if self.total is None else min(1.0, self.done / self.total)


class RunningAttempt(Protocol):
    """An attempt, which keeps the latest progress, and says what others need to know of it.

    Attributes:
        added: ids of the nodes that it has added to its workflow.
    """

    progress: Progress | None
    added: frozenset[str]

    @property
    def membership(self) -> Membership: ...
    @property
    def log_fields(self) -> Mapping[str, object]: ...


CURRENT_ATTEMPT: ContextVar[RunningAttempt | None] = ContextVar("django_jobs_attempt", default=None)
"""The attempt that is running in this context."""


def set_progress(done: float, total: float | None = None, text: str = "") -> None:
    """Report the progress of the running job, for the dashboard.

    This costs next to nothing, so it may be called for each of a million rows: the worker keeps
    the latest progress, and sends it with its next heartbeat, every quarter of the lease (5 s).

    Outside a job it does nothing, so a function may always call it. It also does nothing with
    `InlineBackend`, where the job has ended before anyone could look, and in threads that the job
    itself starts.

    Args:
        done: how much is done, at least 0.
        total: how much there is to do, more than 0, or None if unknown.
        text: a description for people; 200 characters of it are kept.

    Raises:
        ValueError: a number is out of range.
    """
    if not (isinstance(done, int | float) and 0 <= done <= MAX_NUMBER):
        raise ValueError(
            f"set_progress(done={short_repr(done)}): give a number from 0 to {MAX_NUMBER:,}."
        )
    if total is not None and not (isinstance(total, int | float) and 0 < total <= MAX_NUMBER):
        raise ValueError(
            f"set_progress(total={short_repr(total)}): give a number above 0, up to"
            f" {MAX_NUMBER:,}, or None."
        )
    listener = CURRENT_ATTEMPT.get()
    if listener is not None:
        listener.progress = Progress(done, total, str(text)[:MAX_TEXT])
