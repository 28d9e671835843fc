"""Tasks that say how far they are, and wait there until the test lets them go on."""

from __future__ import annotations

import asyncio
import threading
import time
from contextvars import copy_context

from asgiref.sync import sync_to_async

from django_jobs import set_progress, task
from tests.apps.worker_site.tasks import exists, write


@task
def report_rows(total: int) -> None:
    for done in range(total + 1):
        set_progress(done, total, "rows")
    write("said")
    while not exists("go on"):
        time.sleep(0.01)


@task
async def report_rows_later(total: int) -> None:
    await sync_to_async(set_progress)(total / 2, total, "half of them")
    write("said")
    while not exists("go on"):
        await asyncio.sleep(0.01)


@task
def report_then_fail() -> None:
    set_progress(3, 9)
    write("said")
    while not exists("go on"):
        time.sleep(0.01)
    raise ValueError("no more rows")


@task
def report_from_threads() -> None:
    context = copy_context()
    for target, arguments in (
        (set_progress, (1, 2, "nobody hears this")),
        (context.run, (set_progress, 2, 2, "handed on")),
    ):
        thread = threading.Thread(target=target, args=arguments)
        thread.start()
        thread.join()
    write("said")
    while not exists("go on"):
        time.sleep(0.01)


@task
def say_nothing() -> None:
    write("said")
    while not exists("go on"):
        time.sleep(0.01)
