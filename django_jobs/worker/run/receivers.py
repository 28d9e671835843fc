"""What is told of an attempt: a line in the log, and a signal to receivers."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.dispatch import Signal

from . import job_log

logger = logging.getLogger("django_jobs")

Sending = tuple[Signal, dict[str, Any]]
"""A signal that is to be sent, with its arguments."""


class News(NamedTuple):
    """What is told at the start or the end of an attempt.

    Attributes:
        line: for the log, or None if nobody would see it.
        sending: the signal, or None if nobody listens.
    """

    line: job_log.Line | None = None
    sending: Sending | None = None


def is_heard(signal: Signal) -> bool:
    """Tell whether anybody listens to one of Django's signals.

    What it would bring, a `TaskResult`, takes longer to build than a small job to run.
    """
    return len(signal.receivers) > 1  # Django's own is one, which leaves our jobs to `job_log`


def is_noticed(signal: Signal) -> bool:
    """Tell whether anybody listens to one of Django's signals, or reads lines of level INFO."""
    return len(signal.receivers) > 1 or job_log.is_info_read()


def tell(news: News | None) -> None:
    """Write the line, then send the signal."""
    if news is None:
        return
    if news.line:
        job_log.write(news.line)
    if news.sending:
        send(news.sending)


def send(sending: Sending) -> None:
    """Send a signal; what a receiver raises is logged and goes no further."""
    signal, arguments = sending
    try:
        signal.send_robust(**arguments)
    except SystemExit:  # which send_robust() lets through, as it is no Exception
        logger.exception(
            "A receiver of a job's signal tried to end its thread. The job goes on without it;"
            " receivers that come after it were not called."
        )


def needs_thread(news: News | None) -> bool:
    """Tell whether receivers may touch the database, or the log may send a mail."""
    return news is not None and bool(
        news.sending or (news.line and news.line.level >= logging.ERROR)
    )


async def tell_from_loop(news: News | None, error: BaseException | None = None) -> None:
    """Tell it, in a thread if that may take time.

    Args:
        error: what receivers find in `sys.exc_info()`.
    """
    # Not asend_robust(), which before Django 6 hides the error that is being handled.
    if needs_thread(news):
        await sync_to_async(_tell_handling)(news, error)
    else:
        _tell_handling(news, error)


def _tell_handling(news: News | None, error: BaseException | None) -> None:
    """Tell it while an error is handled, if there is one."""
    if error is None:
        tell(news)
        return
    frames = error.__traceback__
    try:
        raise error
    except BaseException:  # noqa: BLE001
        error.__traceback__ = frames  # without this one
        tell(news)
