"""The database connections of a thread, before a job and after it."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.db import connections

logger = logging.getLogger("django_jobs")


def close_what_grew_old() -> None:
    """Close connections that may not live longer, or are broken, after a time without jobs."""
    for connection in connections.all(initialized_only=True):
        with suppress(Exception):  # a database may not even let itself be closed
            connection.close_if_unusable_or_obsolete()


def clear_up(job_id: str) -> None:
    """Leave the next job connections that work, outside of any transaction, as a request does.

    Django keeps a connection that is in an atomic block, and a timeout may strike in the middle of
    `Atomic.__exit__`: what the later jobs of this thread write would wait for a commit for ever.
    """
    for connection in connections.all(initialized_only=True):
        connection.queries_log.clear()
        if connection.in_atomic_block:
            logger.error(
                "Job %s left a transaction open on the database %r; it is rolled back.",
                job_id,
                connection.alias,
            )
            # Closing alone would not end its atomic block.
            with suppress(Exception):
                connection.close()
            del connections[connection.alias]
        else:
            with suppress(Exception):
                connection.close_if_unusable_or_obsolete()
