"""What an attempt announces: a line in the log, and signals to receivers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.db import connections
from django.dispatch import Signal

from . import job_log
from .error_text import FRAMES

logger = logging.getLogger("django_jobs")

PendingSignal = tuple[Signal, dict[str, Any]]
"""A signal that has not been sent yet, with its arguments."""

Effect = Callable[[], None]
"""Sends a signal or calls a function of the site, whose errors go no further."""


class Announcement(NamedTuple):
    """What an attempt announces at its start or its end.

    Attributes:
        line: for the log, or None if nobody would see it.
        effects: what else follows, if anybody listens.
        error: what receivers find in `sys.exc_info()`, or None.
    """

    line: job_log.Line | None = None
    effects: tuple[Effect, ...] = ()
    error: BaseException | None = None


def is_heard(signal: Signal) -> bool:
    """Return whether a receiver of the site listens to one of Django's signals.

    Building the `TaskResult` that it would get takes longer than running a small job.
    """
    return len(signal.receivers) > 1  # Django's own is one; `job_log` writes our lines instead


def is_noticed(signal: Signal) -> bool:
    """Return whether anybody listens to one of Django's signals, or reads lines of level INFO."""
    return len(signal.receivers) > 1 or job_log.is_info_read()


def announce(job_id: str, announcement: Announcement) -> None:
    """Write the line, then send the signals; an error on the way changes nothing for the job."""
    try:
        _announce(announcement)
    except BaseException as error:  # of a receiver, or of a filter or a handler of the log
        with suppress(BaseException):  # which may fail again
            logger.error("What became of job %s could not be announced.", job_id, exc_info=error)


def _announce(announcement: Announcement) -> None:
    """Write the line, then send the signals; all while the error, if any, is being handled."""
    if announcement.error is None:
        _tell(announcement)
        return
    frames = FRAMES.__get__(announcement.error)
    try:
        raise announcement.error
    except BaseException:  # noqa: BLE001
        FRAMES.__set__(announcement.error, frames)  # without this one
        _tell(announcement)


def _tell(announcement: Announcement) -> None:
    try:
        if announcement.line:
            job_log.write(announcement.line)
    finally:  # receivers are told of what the log can't write, too
        for effect in announcement.effects:
            effect()


def send(pending: PendingSignal) -> None:
    """Send a signal; an error that a receiver raises is logged and goes no further."""
    signal, arguments = pending
    try:
        signal.send_robust(**arguments)
    except SystemExit:  # send_robust() catches only subclasses of Exception
        logger.exception(
            "A receiver of a job's signal tried to end its thread. The job goes on without it;"
            " receivers that come after it were not called."
        )


def send_in_thread(pending: PendingSignal) -> None:
    """Send a signal in a new thread, because a slow receiver must not delay the worker."""

    def run() -> None:
        try:
            send(pending)
        finally:
            connections.close_all()

    threading.Thread(target=run, name="django-jobs-signal", daemon=True).start()


def needs_thread(announcement: Announcement | None) -> bool:
    """Return whether receivers may touch the database, or the log may send a mail."""
    return announcement is not None and bool(
        announcement.effects or (announcement.line and announcement.line.level >= logging.ERROR)
    )


async def announce_from_loop(job_id: str, announcement: Announcement) -> None:
    """Announce from an event loop, in a thread if that may take time."""
    # Before Django 6, asend_robust() hides the error that is being handled.
    if needs_thread(announcement):
        await sync_to_async(announce)(job_id, announcement)
    else:
        announce(job_id, announcement)
