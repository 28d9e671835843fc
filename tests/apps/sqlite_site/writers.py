"""Jobs and receivers that all read a number before any of them writes the next one."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any

from django.db import OperationalError, connection, transaction

from django_jobs import Retry, task
from django_jobs.compat import task_started
from tests.support.results import ended
from tests.support.waiting import DEADLINE

BLOCKED_AFTER = 0.3
"""Seconds after which a reader goes on alone, where the database lets only one in at a time."""


class Counter:
    """Two threads add one to the number, as views do that read before they write."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._both_have_read = threading.Barrier(2)

    def count_up(self) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT value FROM number")
                (value,) = cursor.fetchone()
                with suppress(threading.BrokenBarrierError):
                    self._both_have_read.wait(_patience())
                cursor.execute("UPDATE number SET value = %s", [value + 1])
        except OperationalError as error:
            self.errors.append(str(error))


in_jobs, in_receivers = Counter(), Counter()


@task(retry=Retry(attempts=1))
def count() -> None:
    in_jobs.count_up()


@task
def do_nothing() -> None:
    pass


def main() -> None:
    """Print what became of the number, and the errors, in jobs and in receivers of a signal."""
    jobs = _outcome(count, in_jobs)
    task_started.connect(_count_up_too)
    print(json.dumps({"jobs": jobs, "receivers": _outcome(do_nothing, in_receivers)}))


def _count_up_too(**kwargs: Any) -> None:
    in_receivers.count_up()


def _outcome(counting: Any, counter: Counter) -> dict[str, Any]:
    """Run two jobs, and return the number and the errors."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS number")
        cursor.execute("CREATE TABLE number (value integer)")
        cursor.execute("INSERT INTO number VALUES (0)")
        for result in [counting.enqueue(), counting.enqueue()]:
            ended(result)
        cursor.execute("SELECT value FROM number")
        return {"value": cursor.fetchone()[0], "errors": counter.errors}


def _patience() -> float:
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode")
    return BLOCKED_AFTER if mode == "IMMEDIATE" else DEADLINE
