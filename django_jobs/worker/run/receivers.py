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
    """What is announced at the start or the end of an attempt.

    Attributes:
        line: for the log, or None if nobody would see it.
        sending: the signal, or None if nobody listens.
        error: what receivers find in `sys.exc_info()`, or None.
    """

    line: job_log.Line | None = None
    sending: Sending | None = None
    error: BaseException | None = None


def is_heard(signal: Signal) -> bool:
    """Return whether a receiver of the site listens to one of Django's signals.

    Building the `TaskResult` that it would get takes longer than running a small job.
    """
    return len(signal.receivers) > 1  # Django's own is one; `job_log` writes our lines instead


def is_noticed(signal: Signal) -> bool:
    """Return whether anybody listens to one of Django's signals, or reads lines of level INFO."""
    return len(signal.receivers) > 1 or job_log.is_info_read()


def announce(news: News) -> None:
    """Write the line, then send the signal; both while the error, if any, is being handled."""
    if news.error is None:
        _announce(news)
        return
    frames = news.error.__traceback__
    try:
        raise news.error
    except BaseException:  # noqa: BLE001
        news.error.__traceback__ = frames  # without this one
        _announce(news)


def _announce(news: News) -> None:
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
    """Return whether receivers may touch the database, or the log may send a mail."""
    return news is not None and bool(
        news.sending or (news.line and news.line.level >= logging.ERROR)
    )


async def announce_from_loop(news: News) -> None:
    """Announce news from an event loop, in a thread if that may take time."""
    # Not asend_robust(), which before Django 6 hides the error that is being handled.
    if needs_thread(news):
        await sync_to_async(announce)(news)
    else:
        announce(news)
