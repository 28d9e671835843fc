"""How far a running job has come, as its own code says."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from django_jobs.validation.validators import short_repr

MAX_TEXT = 200
MAX_NUMBER = 10**15
"""Numbers up to which every part that reads them is exact."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt has come.

    Attributes:
        total: how much there is to do, or None if nobody knows.
        text: what it is about, for people.
    """

    done: float
    total: float | None = None
    text: str = ""

    @property
    def share(self) -> float | None:
        """From 0 to 1, or None without a total."""
        return None if self.total is None else min(1.0, self.done / self.total)


class ProgressKeeper(Protocol):
    """An attempt, which keeps what its code said last."""

    progress: Progress | None


CURRENT_ATTEMPT: ContextVar[ProgressKeeper | None] = ContextVar(
    "django_jobs_progress", default=None
)
"""The attempt that the code which runs here belongs to."""


def set_progress(done: float, total: float | None = None, text: str = "") -> None:
    """Tell how far the running job has come, for the dashboard.

    It costs next to nothing: the worker keeps what was said last, and writes it with its next
    heartbeat, every quarter of the lease (5 s). So it may be called for each of a million rows.

    Outside of a job it does nothing; so a function may say it whoever calls it. The same holds for
    `InlineBackend`, where nobody could look before the job has ended, and for threads that a job
    starts itself.

    Args:
        done: how much is done, at least 0.
        total: how much there is to do in all, more than 0, or None if that is not known.
        text: what it is about, for people; 200 characters of it are kept.

    Raises:
        ValueError: a number is not in its range.
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
