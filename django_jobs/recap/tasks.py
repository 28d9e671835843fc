"""The tasks of the recap."""

from __future__ import annotations

from typing import Any

from django_jobs import clock
from django_jobs.compat import TaskContext
from django_jobs.periodic_tasks.registry import periodic
from django_jobs.tasks.decorator import task

from .conf import recaps_run
from .delivery import deliver
from .enqueue import enqueue_due


# Every quarter of an hour, as the clocks of all time zones differ by quarters of an hour.
@periodic("*/15 * * * *", timezone="UTC")
@task
def enqueue_due_recaps() -> int:
    """Enqueue a job for everybody whose recap is due; return how many."""
    if not recaps_run():
        return 0
    return enqueue_due(send_recap.using(queue_name="mailers"), clock.from_ms(clock.now_ms()))


# Declared for the default queue, as a task must not fail at import where QUEUES names no mailers.
@task(takes_context=True, enqueue_on_commit=True)
def send_recap(context: TaskContext[..., Any], user_pk: Any, period: str) -> str | None:
    """Send a user's recap for one period; return how that ended."""
    return deliver(user_pk, period, context.task_result.id)
