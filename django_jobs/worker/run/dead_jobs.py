"""Reports jobs that died where no attempt could report it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from django.db import connections

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.compat import AnyTask
from django_jobs.errors import BrokerError, WorkerLost
from django_jobs.jobs.observers import tell_died
from django_jobs.jobs.records import JobRecord
from django_jobs.jobs.result import AnyJobResult, stored_result
from django_jobs.logs.fields import writing_as
from django_jobs.tasks.registry import find_task

from . import job_log
from .context import RunContext
from .endings import after_death, error_of

logger = logging.getLogger("django_jobs")


class DeadJobs:
    """Reports the dead jobs that a worker hears of.

    Args:
        inspection: reads them.
        context: of the worker.
    """

    def __init__(self, inspection: Inspection, context: RunContext) -> None:
        self._inspection = inspection
        self._context = context

    def report(self, ids: Sequence[str]) -> None:
        """Log an error for each of these jobs, and tell those who want to know of its end."""
        try:
            records = self._inspection.read(ids)
        except BrokerError as error:
            logger.error(
                "These jobs are dead: %s. Their errors could not be read: %s",
                *(", ".join(ids), error),
                extra={"backend": self._context.alias},
            )
            return
        for record in records:
            self._report(record)

    def _report(self, record: JobRecord) -> None:
        job, own = record.job, self._context
        job_log.write(job_log.of_dead(record, own.alias))
        error = error_of(record.failures[-1]) if record.failures else WorkerLost("")
        task, result = _found(record, own.alias)
        about = {"job_id": job.id, "task": job.task, "queue": job.queue, "backend": own.alias}
        tell_died(job, record.attempts, own.alias, error)
        with writing_as({**about, "worker": own.worker}):
            for effect in after_death(own, job, task, error, record.state, lambda: result):
                effect()

    def report_in_thread(self, ids: Sequence[str]) -> None:
        """Report them in a new thread, because a handler that sends mail would delay the caller."""

        def report() -> None:
            try:
                self.report(ids)
            finally:
                connections.close_all()

        threading.Thread(target=report, name="django-jobs-dead-jobs", daemon=True).start()


def _found(record: JobRecord, alias: str) -> tuple[AnyTask | None, AnyJobResult | None]:
    """Return the task and the result of a job, where they can be found and read."""
    task = None
    try:
        task = find_task(record.job.task, record.job.signature)
        return task, stored_result(task, record, alias)
    except Exception:  # noqa: BLE001 (whatever a module raises as it is imported)
        return task, None
