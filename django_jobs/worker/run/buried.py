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


def write_buried(inspection: Inspection, ids: Sequence[str]) -> None:
    """Write a line for each of these jobs."""
    try:
        records = inspection.read(ids)
    except BrokerError as error:
        logger.error(
            "These jobs are dead: %s. Their errors could not be read: %s", ", ".join(ids), error
        )
        return
    for record in records:
        job_log.write(job_log.of_buried(record))


def tell_of_buried(inspection: Inspection, ids: Sequence[str]) -> None:
    """Write the lines in a thread of their own: a handler that sends mail must not delay us."""

    def tell() -> None:
        try:
            write_buried(inspection, ids)
        finally:
            connections.close_all()

    threading.Thread(target=tell, name="django-jobs-buried", daemon=True).start()
