"""Why a job is not retried although its state permits it."""

from __future__ import annotations

from enum import StrEnum

from django_jobs.brokers.batches import Batches
from django_jobs.brokers.constants import UPSTREAM_FAILED
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.jobs.records import JobRecord, State


class RetryRefusal(StrEnum):
    """What keeps a job from being retried: its lock, a failed job, or its cancelled batch."""

    LOCKED = "locked"
    UPSTREAM = "upstream"
    CANCELLED = "cancelled"


def needs_failed_job(record: JobRecord) -> bool:
    """Return whether a job was discarded as one that it needs has failed: retry that one."""
    last = record.failures[-1].exception if record.failures else ""
    return record.state is State.DISCARDED and last == UPSTREAM_FAILED


def _is_called_off(record: JobRecord, batches: Batches) -> bool:
    """Return whether the batch or workflow of a job was cancelled."""
    batch = batches.find(record.job.batch) if record.job.batch else None
    return batch is not None and batch.is_cancelled


def retry_refusal(record: JobRecord, batches: Batches) -> RetryRefusal | None:
    """Return why a job is not retried, or None if it is, or if its state is the reason."""
    if record.state not in JobAction.RETRY.states:
        return None
    if needs_failed_job(record):
        return RetryRefusal.UPSTREAM
    if _is_called_off(record, batches):
        return RetryRefusal.CANCELLED
    return RetryRefusal.LOCKED if record.is_locked_out else None
