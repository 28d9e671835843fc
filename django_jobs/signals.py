"""Signals beyond Django's `task_enqueued`, `task_started` and `task_finished`.

The sender is the backend's class, as it is there.
"""

from __future__ import annotations

import logging
from typing import Any

from django.dispatch import Signal, receiver

logger = logging.getLogger("django_jobs")

job_retrying = Signal()
"""An attempt failed, and another one will follow.

Arguments: `task_result`, `error` (the exception) and `delay` (seconds until the next attempt).
Django's `task_finished` is sent only once for each job, when it has come to its end.
"""

job_recovered = Signal()
"""Jobs of a worker that vanished are back in their queues, or dead for the third such time.

Arguments: `recovered` and `buried`, both tuples of job ids.
"""


@receiver(job_retrying)
def log_job_retrying(*, task_result: Any, error: BaseException, delay: float, **_: Any) -> None:
    """Write a failed attempt to the log; Django's receivers write how jobs start and end."""
    logger.warning(
        "Job %s of %s failed in attempt %d and is tried again in %.0f s: %s",
        task_result.id,
        task_result.task.module_path,
        task_result.attempts,
        delay,
        type(error).__name__,
        exc_info=error,
    )
