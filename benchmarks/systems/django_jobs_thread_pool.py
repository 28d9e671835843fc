# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "django==6.1.3; python_version >= '3.12'",
#     "django==5.2.19; python_version < '3.12'",
#     "django-tasks==0.12.0; python_version < '3.12'",
#     "redis[hiredis]==8.1.0",
#     "django-environ==0.14.0",
#     "croniter==7.0.0",
# ]
#
# [tool.bench]
# title = "django_jobs, thread pool"
# configuration = "JOB_BACKEND=async with its default options, in the process that enqueues."
# loses = "Jobs of a process that is killed; nothing else."
# measures = ["submit", "submit_start"]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.site.settings"
# JOB_BACKEND = "async"
# ///
"""django_jobs in threads of the process that enqueues."""

from __future__ import annotations

import django

django.setup()

from benchmarks.site import tasks  # noqa: E402 - tasks need the settings


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    getattr(tasks, task).enqueue(number)
