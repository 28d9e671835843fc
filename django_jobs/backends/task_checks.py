"""Checks of a task that every backend makes before Django's own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured

from django_jobs.clock import now_ms, to_ms
from django_jobs.compat import AnyTask, InvalidTask
from django_jobs.conf.queues import NAME_RULE, check_queue_name
from django_jobs.validation.ranges import LONGEST_TIME, PRIORITY, RUN_AFTER
from django_jobs.validation.validators import format_duration, short_repr


def check_ranges(task: AnyTask) -> None:
    """Check the options that Django would use before it has checked their types.

    Raises:
        InvalidTask: an option is out of its range; the message says what to give.
    """
    name, priority, run_after = task.func.__qualname__, task.priority, task.run_after
    try:
        PRIORITY(priority)
    except ValueError:
        raise InvalidTask(
            f"Task {name}: priority={short_repr(priority)}: priority must be a whole number between"
            f" {PRIORITY.low} and {PRIORITY.high}. Jobs with a higher one run sooner."
        ) from None
    try:
        if run_after is not None:
            RUN_AFTER(_until(run_after))
    except (ValueError, OverflowError):
        raise InvalidTask(
            f"Task {name}: run_after={short_repr(run_after)}: give an aware datetime, or a"
            " timedelta from now such as timedelta(seconds=…), at most"
            f" {format_duration(LONGEST_TIME)} away; or None for at once."
        ) from None


def _until(run_after: object) -> object:
    """Return the seconds until a `run_after`, or its text if it is not a time.

    They are whole: a timedelta in range is checked again as a datetime a moment later.
    """
    if isinstance(run_after, datetime):
        return int((to_ms(run_after) - now_ms()) / 1000)
    return run_after if isinstance(run_after, timedelta) else short_repr(run_after)


def check_queue_names(queues: Collection[str], alias: str) -> None:
    """Check the names in `QUEUES`.

    Raises:
        ImproperlyConfigured: a name is not allowed.
    """
    for name in queues:
        try:
            check_queue_name(name)
        except ValueError as error:
            raise ImproperlyConfigured(f"TASKS[{alias!r}]['QUEUES']: {error}") from None


def check_queue(task: AnyTask, queues: Collection[str], alias: str) -> None:
    """Check the name of a task's queue.

    Args:
        queues: all that the site has; empty if any name will do.
        alias: of the backend, for the message.

    Raises:
        InvalidTask: the site has no such queue, or there can be none.
    """
    name = task.queue_name
    if queues and not (isinstance(name, str) and name in queues):
        raise InvalidTask(
            f"Queue {short_repr(name)} is not valid for backend. Task {task.module_path}: add"
            f" the queue to JOB_QUEUES or to TASKS[{alias!r}]['QUEUES'], which has"
            f" {', '.join(sorted(queues))}, or correct queue_name."
        )
    if not queues:
        try:
            check_queue_name(name)
        except ValueError:
            raise InvalidTask(
                f"Task {task.func.__qualname__}: queue_name={short_repr(name)}: use {NAME_RULE}."
            ) from None
