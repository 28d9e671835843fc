"""Reports jobs that died where no attempt could report it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from django.db import connections

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.errors import BrokerError

from . import job_log
from .context import RunContext

logger = logging.getLogger("django_jobs")


class BuriedJobs:
    """Reports the buried jobs that a worker hears of.

    Args:
        inspection: reads them.
        context: of the worker.
    """

    def __init__(self, inspection: Inspection, context: RunContext) -> None:
        self._inspection = inspection
        self._context = context

    def report(self, ids: Sequence[str]) -> None:
        """Log an error for each of these jobs."""
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
            job_log.write(job_log.of_buried(record, self._context.alias))

    def report_in_thread(self, ids: Sequence[str]) -> None:
        """Report them in a new thread, because a handler that sends mail would delay the caller."""

        def report() -> None:
            try:
                self.report(ids)
            finally:
                connections.close_all()

        threading.Thread(target=report, name="django-jobs-buried", daemon=True).start()
