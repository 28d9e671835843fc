"""The tasks of the recap."""

from __future__ import annotations

from typing import Any

from django_jobs import clock
from django_jobs.compat import TaskContext
from django_jobs.periodic_tasks.registry import periodic
from django_jobs.tasks.decorator import task

from .conf import limits, recaps_run
from .delivery import deliver
from .enqueue import enqueue_due


# Every 15 minutes, because the offsets of time zones are multiples of 15 minutes.
@periodic("*/15 * * * *", timezone="UTC")
@task
def enqueue_due_recaps() -> int:
    """Enqueue a job for each user whose recap is due, and return their number."""
    if not recaps_run():
        return 0
    sending = send_recap.using(queue_name="mailers", limits=limits())
    return enqueue_due(sending, clock.from_ms(clock.now_ms()))


# Declared for the default queue, so that the import does not fail if QUEUES lacks "mailers".
@task(takes_context=True, enqueue_on_commit=True)
def send_recap(context: TaskContext[..., Any], user_pk: Any, period: str) -> str | None:
    """Send a user's recap for a period, and return the state of its delivery."""
    return deliver(user_pk, period, context.task_result.id)
