"""Reports jobs that did not end at their timeout."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django_jobs.errors import BrokenPayload
from django_jobs.signals import job_stuck

from .announcements import send_in_thread
from .attempt import Attempt

logger = logging.getLogger("django_jobs")


def report_stuck(running: Sequence[Attempt], job_id: str, seconds: float) -> None:
    """Log that a job is stuck, and send the signal.

    Args:
        running: the attempts of the worker.
        seconds: how long ago its timeout was.
    """
    attempt = next((one for one in running if one.claim.job.id == job_id), None)
    logger.error(
        "Job %s is stuck: it still runs %g s after its timeout, in code that can't be"
        " interrupted, and keeps its thread.",
        *(job_id, seconds),
        extra=attempt.log_fields if attempt else {"job_id": job_id},
    )
    if attempt is None or not job_stuck.receivers:
        return
    try:
        known = attempt.result
    except BrokenPayload:  # pragma: no cover (it would not have started)
        return
    about = {"job_id": job_id, "task": attempt.claim.job.task, "task_result": known}
    send_in_thread((job_stuck, {"sender": attempt.context.sender, **about}))
