"""What is said of an error, also of one whose own code raises when it is read."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

from django_jobs.compat import TaskError
from django_jobs.errors import Fail, JobsError, UnserializableArgument
from django_jobs.jobs.metadata import UnusableMetadata

CALLERS = (__package__, "django.tasks", "django_tasks")
"""Packages whose frames stand above those of a task and say nothing about it."""

FRAMES: Any = BaseException.__dict__["__traceback__"]
"""Gets and sets the traceback of an error, whose class may have replaced `__traceback__`."""


def traceback_text(error: BaseException) -> str:
    """Return the formatted traceback from the task's own frame on."""
    own = own_frames(FRAMES.__get__(error))
    try:
        return "".join(traceback.format_exception(type(error), error, own))
    except BaseException as trouble:  # noqa: BLE001 (a SyntaxError may hold anything as its line)
        frames = "".join(traceback.format_tb(own))
        return f"{frames}(the rest can't be written: {type(trouble).__name__})"


def task_error(error: BaseException) -> TaskError:
    """Return an error as Django's `TaskResult` has it."""
    return TaskError(
        exception_class_path=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback=traceback_text(error),
    )


def own_frames(frames: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the task's own frame on; all of it if there is none."""
    first = frames
    while frames and frames.tb_frame.f_globals.get("__package__") in CALLERS:
        frames = frames.tb_next
    return frames or first


def unstorable(what: str, error: BaseException) -> Fail:
    """Return the failure of a task whose result or metadata can't be stored.

    Args:
        what: which of the two.
        error: what was raised while it was written as JSON.
    """
    return Fail(f"The task did its work, but its {what} can't be stored: {said_by(error)}")


def too_large(size: int | None, limit: int, alias: str) -> UnserializableArgument:
    """Return the error for a result of so many bytes, or of more than anybody has counted."""
    taken = "more bytes as JSON" if size is None else f"{size:,} bytes as JSON, more"
    return UnserializableArgument(
        f"it takes {taken} than the {limit:,} that the option max_result of"
        f" TASKS[{alias!r}] permits. Store the data and return its key, or raise the limit."
    )


def said_by(error: BaseException) -> str:
    """Return the text of an error, after its class unless the text is ours."""
    is_ours = isinstance(error, (JobsError, UnusableMetadata))
    return message_of(error) if is_ours else f"{type(error).__name__}: {message_of(error)}"


def stand_in(error: BaseException, trouble: BaseException) -> JobsError:
    """Return what is reported instead of an error whose own code raises when it is read.

    Args:
        trouble: what that code has raised.
    """
    known = JobsError(
        f"The task raised an error that can't be read: its own code raises {said_by(trouble)}"
    )
    return known.with_traceback(FRAMES.__get__(error))


def message_of(error: BaseException) -> str:
    """Return the text of an error, even if its `__str__` raises."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 (somebody's own __str__)
        return f"(the text of this {type(error).__name__} can't be made: its __str__ raises)"
