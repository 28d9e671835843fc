# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "django==6.1.3; python_version >= '3.12'",
#     "django==5.2.19; python_version < '3.12'",
#     "django-tasks==0.12.0; python_version < '3.12'",
#     "redis[hiredis]==8.1.0",
#     "django-environ==0.14.0",
#     "croniter==7.0.0",
#     "django-htmx==1.29.0",  # this and the following for the example site
#     "pillow==13.0.0",
#     "whitenoise==6.12.0",
# ]
#
# [tool.bench]
# title = "django_jobs"
# configuration = "JOB_BACKEND=redis with its default options; 25 threads for I/O."
# loses = "Nothing: jobs run at least once, results are kept, Django's signals are sent."
# measures = [
#     "drain", "drain_async", "io", "io_async", "enqueue", "bulk", "start", "late", "late_five",
#     "crash", "idle", "memory", "fairness", "growth",
# ]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.site.settings"
# JOB_BACKEND = "redis"
# REDIS_URL = "{url}"
#
# [tool.bench.worker]
# default = ["django-admin", "runworker"]
# io = ["django-admin", "runworker", "--concurrency", "25"]
# ///
"""django_jobs on Redis, from the checkout that the runner names."""

from __future__ import annotations

from datetime import UTC, datetime

import django

django.setup()

from benchmarks.site import relations, tasks  # noqa: E402 - tasks need the settings


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    getattr(tasks, task).enqueue(number)


def enqueue_many(task: str, numbers: range) -> None:
    """Enqueue many jobs in one call; `task@queue` names a queue, `task@*` means each in turn.

    A kind of `benchmarks/site/relations.py` may stand for a task.
    """
    if fill := relations.FILLS.get(task):
        fill(numbers)
        return
    name, _, queue = task.partition("@")
    called = getattr(tasks, name)
    if queue == "*":
        queues = sorted(called.get_backend().queues)
        queue = queues[numbers[0] // len(numbers) % len(queues)]
    if queue:
        called = called.using(queue_name=queue)
    called.bulk_enqueue([(number,) for number in numbers])


def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    getattr(tasks, task).using(run_after=datetime.fromtimestamp(moment, UTC)).enqueue(number)


def close() -> None:
    """End what was opened for all jobs, such as a batch."""
    relations.close()
