"""Signals to receivers that may do what they like, which changes nothing for the job."""

from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.dispatch import Signal
from django.utils.log import RequireDebugTrue

from django_jobs.compat import Task

logger = logging.getLogger("django_jobs")
django_logger = logging.getLogger(Task.__module__.rpartition(".")[0])

Sending = tuple[Signal, dict[str, Any]]
"""A signal that is to be sent, with its arguments."""


def is_heard(signal: Signal, level: int) -> bool:
    """Tell whether a receiver of the site, or the log, would notice one of Django's signals.

    What it would bring, a `TaskResult`, takes longer to build than a small job to run.

    Args:
        level: of the line that Django's own receiver writes to the log.
    """
    return _has_others(signal) or _is_written(level)


def _has_others(signal: Signal) -> bool:
    # The one that each of them has by itself writes to the log.
    return len(signal.receivers) > 1


def send(sending: Sending | None) -> None:
    """Send a signal; what a receiver raises is logged and goes no further."""
    if sending is None:
        return
    signal, arguments = sending
    try:
        signal.send_robust(**arguments)
    except SystemExit:  # which send_robust() lets through, as it is no Exception
        logger.exception(
            "A receiver of a job's signal tried to end its thread. The job goes on without it;"
            " receivers that come after it were not called."
        )


def _is_written(level: int) -> bool:
    """Tell whether any handler would write a line of Django's tasks logger.

    In production those that Django sets up itself write none below an error, but let each line be
    made, which takes the threads of a pool longer than a small job.
    """
    if not django_logger.isEnabledFor(level):
        return False
    logger: logging.Logger | None = django_logger
    while logger:
        if any(level >= one.level and not _waits_for_debug(one) for one in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return level >= logging.WARNING


def _waits_for_debug(handler: logging.Handler) -> bool:
    return not settings.DEBUG and any(isinstance(it, RequireDebugTrue) for it in handler.filters)


async def send_from_loop(sending: Sending | None) -> None:
    """Send a signal, in a thread if anybody but Django's own receiver listens."""
    # Those of others may touch the database. Not asend_robust(), which before Django 6 hides the
    # error that is being handled.
    if sending and _has_others(sending[0]):
        await sync_to_async(send)(sending)
    else:
        send(sending)
