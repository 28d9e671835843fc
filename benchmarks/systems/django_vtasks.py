# /// script
# requires-python = ">=3.12"
# dependencies = [
#     "django-vtasks[valkey]==3.2.0",
#     "django-vcache==3.2.0",
#     "django==6.1.3",
#     "orjson==3.13.0",
#     "uvloop==0.23.0",
# ]
#
# [tool.bench]
# title = "django-vtasks"
# configuration = "Client in Rust; uvloop; 20 at a time for no-ops; I/O as coroutines."
# loses = "No results; by default the jobs of a killed worker are given up as failed."
# measures = ["drain", "drain_async", "enqueue", "bulk", "io", "io_async", "start", "late", "crash"]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.standard.settings"
# BENCH_SETTINGS = '''{
#     "INSTALLED_APPS": ["django_vtasks"],
#     "TASKS": {
#         "default": {
#             "BACKEND": "django_vtasks.backends.valkey.ValkeyTaskBackend",
#             "OPTIONS": {"BROKER_URL": "{url}"}
#         }
#     }
# }'''
#
# [tool.bench.worker]
# default = ["django-admin", "runworker", "--concurrency", "20"]
# io = ["django-admin", "runworker", "--concurrency", "25"]
# io_async = ["django-admin", "runworker", "--concurrency", "500"]
# ///
"""django-vtasks, a backend of `django.tasks` on Redis or Valkey."""

from __future__ import annotations

from typing import Any

from django.tasks import default_task_backend

from benchmarks.standard.producing import enqueue, enqueue_at, named

__all__ = ["enqueue", "enqueue_at", "enqueue_many"]
BACKEND: Any = default_task_backend


def enqueue_many(task: str, numbers: range) -> None:
    """Enqueue many jobs in one call; those that wait as coroutines, as functions get 6 threads."""
    task = "sleep_async" if task == "sleep" else task
    BACKEND.enqueue_many([(named(task), (number,), {}) for number in numbers])
