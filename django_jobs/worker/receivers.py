"""Signals to receivers that may do what they like, which changes nothing for the job."""

from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.dispatch import Signal

logger = logging.getLogger("django_jobs")

Sending = tuple[Signal, dict[str, Any]]
"""A signal that is to be sent, with its arguments."""


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


async def send_from_loop(sending: Sending | None) -> None:
    """Send a signal, in a thread if anybody but Django's own receiver listens."""
    # The receiver that each of these signals has by itself only writes to the log; those of
    # others may touch the database. Not asend_robust(), which before Django 6 hides the error
    # that is being handled.
    if sending and len(sending[0].receivers) > 1:
        await sync_to_async(send)(sending)
    else:
        send(sending)
