"""Logs jobs that died where no attempt could report it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from django.db import connections

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.errors import BrokerError

from . import job_log

logger = logging.getLogger("django_jobs")


def log_buried(inspection: Inspection, ids: Sequence[str]) -> None:
    """Log an error for each of these jobs."""
    try:
        records = inspection.read(ids)
    except BrokerError as error:
        logger.error(
            "These jobs are dead: %s. Their errors could not be read: %s", ", ".join(ids), error
        )
        return
    for record in records:
        job_log.write(job_log.of_buried(record))


def log_buried_in_thread(inspection: Inspection, ids: Sequence[str]) -> None:
    """Log these jobs in a new thread, because a handler that sends mail would delay the caller."""

    def log() -> None:
        try:
            log_buried(inspection, ids)
        finally:
            connections.close_all()

    threading.Thread(target=log, name="django-jobs-buried", daemon=True).start()
