"""Runs attempts in the test itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TestCase

from django_jobs.backends.on_commit import is_opened_by_testcase
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.waits import capped
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.function import run_attempt
from django_jobs.worker.run.outcome import Outcome


def run_here(attempt: Attempt) -> Outcome:
    """Run an attempt as a worker does, including the callbacks of its commit."""
    with _watchdog() as watchdog, ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block and is_opened_by_testcase(connection):
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


@contextmanager
def _committing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Run the commit callbacks that the block registers; a TestCase never commits.

    A test that captures callbacks around this does not get them, as they have run.
    """
    start = len(connection.run_on_commit)
    with TestCase.captureOnCommitCallbacks(using=connection.alias, execute=True):
        yield
    del connection.run_on_commit[start:]
