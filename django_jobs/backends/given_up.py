"""What becomes of jobs and batches that could not be stored after a commit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django_jobs.errors import JobsError
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job

if TYPE_CHECKING:
    from .base import JobBackend

logger = logging.getLogger("django_jobs")

MAX_NAMED = 100
"""The most job ids that one log line lists."""


def give_up_jobs(
    jobs: Sequence[Job], backend: JobBackend, membership: Membership | None, error: Exception
) -> None:
    """Log which jobs of a committed transaction could not be enqueued.

    Their batch is cancelled: without them it must not succeed.
    """
    more = f" and {len(jobs) - MAX_NAMED:,} more" if len(jobs) > MAX_NAMED else ""
    logger.error(
        "The transaction is committed, but %s could not be enqueued (TASKS[%r]): %s%s. %s",
        jobs[0].task,
        backend.alias,
        ", ".join(job.id for job in jobs[:MAX_NAMED]),
        more,
        error,
        exc_info=None if isinstance(error, JobsError) else error,
        extra={"task": jobs[0].task, "queue": jobs[0].queue, "backend": backend.alias},
    )
    if membership is not None:
        cancel_incomplete(membership.batch, backend)


def give_up_batch(batch_id: str, backend: JobBackend, error: Exception) -> None:
    """Log that a batch of a committed transaction could not be opened or closed."""
    logger.error(
        "The transaction is committed, but the batch %s could not be opened or closed (TASKS[%r])."
        " %s",
        *(batch_id, backend.alias, error),
        exc_info=None if isinstance(error, JobsError) else error,
        extra={"backend": backend.alias},
    )


def cancel_incomplete(batch_id: str, backend: JobBackend) -> None:
    """Cancel a batch that lacks members. If the broker is away, it is abandoned in an hour."""
    try:
        backend.batches.cancel(batch_id)
    except JobsError as error:
        logger.warning(
            "The batch %s lacks members, and could not be cancelled (TASKS[%r]). %s",
            *(batch_id, backend.alias, error),
            extra={"backend": backend.alias},
        )
