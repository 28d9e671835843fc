"""Cleans up a thread's database connections after a job and while it is idle."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

logger = logging.getLogger("django_jobs")


class ThisThread(threading.local):
    """What is known of the current thread."""

    has_connected = False


this_thread = ThisThread()


def _note_connection(**_: Any) -> None:
    this_thread.has_connected = True


connection_created.connect(_note_connection, dispatch_uid=__name__)


def _connections() -> Iterator[BaseDatabaseWrapper]:
    """Yield the thread's open connections; asking Django takes a fifth of a small job's time."""
    if this_thread.has_connected:
        yield from connections.all(initialized_only=True)


def close_old_connections() -> None:
    """Close connections that are too old or broken, after a time without jobs."""
    for connection in _connections():
        with suppress(Exception):  # closing may fail, too
            connection.close_if_unusable_or_obsolete()


def clean_up(job_id: str) -> None:
    """Leave the next job working connections outside of any transaction, as a request does.

    Django keeps a connection that is in an atomic block, and a timeout may occur in the middle of
    `Atomic.__exit__`: the writes of later jobs in this thread would never be committed.
    """
    for connection in _connections():
        try:
            _clean_up(connection, job_id)
        except Exception:
            logger.exception(
                "Job %s left a connection that can't be used again.",
                job_id,
                extra={"job_id": job_id},
            )
            _forget(connection)


@contextmanager
def lent_connections(context: Context) -> Iterator[None]:
    """Let what runs in a context use this context's connections, and keep those that it opens.

    Connections belong to a thread. Only while the thread runs an event loop, Django has others in
    each context, which nobody closes when the context is gone.
    """
    for connection in connections.all(initialized_only=True):
        context.run(_keep, connection)
    try:
        yield
    finally:
        for connection in context.run(connections.all, initialized_only=True):
            _keep(connection)


def _keep(connection: BaseDatabaseWrapper) -> None:
    connections[connection.alias] = connection


def _clean_up(connection: BaseDatabaseWrapper, job_id: str) -> None:
    connection.queries_log.clear()
    if connection.in_atomic_block:
        logger.error(
            "Job %s left a transaction open on the database %r; it is rolled back.",
            *(job_id, connection.alias),
            extra={"job_id": job_id},
        )
        _forget(connection)  # closing alone would not end its atomic block
    else:
        with suppress(Exception):
            connection.close_if_unusable_or_obsolete()


def _forget(connection: BaseDatabaseWrapper) -> None:
    """Close a connection, and let Django make another one when it is needed."""
    with suppress(Exception):
        connection.close()
    with suppress(AttributeError):  # the job has done so itself
        del connections[connection.alias]


def has_own_thread(context: ThreadSensitiveContext) -> bool:
    """Return whether a coroutine has called functions, which run in a thread of its own."""
    return context in SyncToAsync.context_to_thread_executor


async def close_in_own_thread(context: ThreadSensitiveContext) -> None:
    """Close the database connections of a coroutine's own thread, if it had one."""
    if not has_own_thread(context):
        return
    try:
        await sync_to_async(connections.close_all)()
    except Exception:
        logger.exception("The database connections of a job can't be closed.")
