"""What is told of calls that were merged with the unique jobs that hold their locks."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django_jobs.jobs.records import Job, OnConflict
from django_jobs.jobs.result import AnyJobResult, enqueued_results, update_result
from django_jobs.signals import job_merged

logger = logging.getLogger("django_jobs")


def announce_merged(
    jobs: Sequence[Job],
    ids: Sequence[str],
    results: Sequence[AnyJobResult],
    alias: str,
    sender: type,
) -> tuple[Sequence[Job], Sequence[AnyJobResult]]:
    """Announce the merged ones of some calls, and return the others with their results.

    Args:
        ids: of the jobs that stand for the calls.
        results: those of merged calls get these ids, unless they were returned before the commit.
        alias: of the backend.
        sender: of the signal.
    """
    stored: list[tuple[Job, AnyJobResult]] = []
    for job, job_id, result in zip(jobs, ids, results, strict=True):
        if job.id == job_id:
            stored.append((job, result))
        else:
            [found] = enqueued_results(result.task, [job._replace(id=job_id)], alias)
            if job.lock is not None and not job.lock.after_commit:
                update_result(result, found)
            _announce_one(job, found, alias, sender)
    return [job for job, _ in stored], [result for _, result in stored]


def _announce_one(job: Job, result: AnyJobResult, alias: str, sender: type) -> None:
    replaced = job.lock is not None and job.lock.on_conflict is OnConflict.REPLACE
    logger.info(
        "Task path=%s call=%s %s id=%s backend=%s: another job holds its lock",
        *(job.task, job.id, "replaced" if replaced else "merged with", result.id, alias),
        extra={"task": job.task, "queue": job.queue, "backend": alias, "job_id": result.id},
    )
    # The call is over: an error of a receiver must not look like a failed enqueue.
    job_merged.send_robust(sender=sender, task_result=result, call_id=job.id, replaced=replaced)
