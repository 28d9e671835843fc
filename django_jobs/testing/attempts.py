"""Attempts that run in the test itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from operator import attrgetter

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TestCase

from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.waits import capped
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.function import run_attempt
from django_jobs.worker.run.outcome import Outcome

from_testcase = attrgetter("_from_testcase")


def run_here(attempt: Attempt) -> Outcome:
    """Run an attempt as a worker does, and commit what a worker would have committed."""
    with _watchdog() as watchdog, ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if _is_in_testcase_only(connection):
                stack.enter_context(_committing(connection))
        return run_attempt(attempt, watchdog)


@contextmanager
def _watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog(on_stuck=lambda _: None)
    thread = threading.Thread(target=watchdog.run, name="django-jobs-watchdog", daemon=True)
    thread.start()
    try:
        yield watchdog
    finally:
        watchdog.close()
        thread.join(capped())


def _is_in_testcase_only(connection: BaseDatabaseWrapper) -> bool:
    return connection.in_atomic_block and all(map(from_testcase, connection.atomic_blocks))


@contextmanager
def _committing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Run what the block registers for its commit, which a TestCase never comes to.

    Whoever captures callbacks around all this does not get these: they are done.
    """
    start = len(connection.run_on_commit)
    with TestCase.captureOnCommitCallbacks(using=connection.alias, execute=True):
        yield
    del connection.run_on_commit[start:]
