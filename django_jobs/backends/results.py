"""Finds and cancels jobs by the ids that `enqueue` returned."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.compat import TaskResultDoesNotExist
from django_jobs.errors import BrokenPayload, TaskNotFound
from django_jobs.jobs.result import AnyJobResult, stored_result
from django_jobs.tasks.registry import find_task
from django_jobs.validation.validators import short_repr


def find_result(broker: Broker, job_id: str, alias: str) -> AnyJobResult:
    """Return the result of a job.

    Raises:
        TaskResultDoesNotExist: the job is unknown or no longer kept, its task does not exist any
            more, or its stored data cannot be read.
    """
    record = broker.inspection.find(job_id)
    if record is None:
        raise TaskResultDoesNotExist(
            f"There is no job {short_repr(job_id)}, or its result is no longer kept."
        )
    try:
        task = find_task(record.job.task, record.job.signature)
        return stored_result(task, record, alias)
    except (TaskNotFound, BrokenPayload) as error:
        raise TaskResultDoesNotExist(str(error)) from error


def cancel_job(broker: Broker, job_id: str) -> bool:
    """End a job as discarded; return False if it has ended, or is not there."""
    if broker.inspection.cancel(job_id):
        return True
    found = broker.inspection.find(job_id)
    if found is None or found.job.id == job_id:
        return False
    return broker.inspection.cancel(found.job.id)  # the id was an alias
