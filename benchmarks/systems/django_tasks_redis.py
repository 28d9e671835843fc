# /// script
# requires-python = ">=3.12"
# dependencies = ["django-tasks-redis==0.4.0", "django==6.1.3", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "django-tasks-redis"
# configuration = "One job at a time, as its worker knows no other way; looks each 100 ms."
# loses = "No two jobs at a time; a killed worker's job waits for five minutes."
# measures = ["drain", "drain_async", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.standard.settings"
# BENCH_SETTINGS = '''{
#     "INSTALLED_APPS": ["django_tasks_redis"],
#     "TASKS": {
#         "default": {
#             "BACKEND": "django_tasks_redis.RedisTaskBackend",
#             "OPTIONS": {"REDIS_URL": "{url}", "REDIS_BLOCK_TIMEOUT": 100}
#         }
#     }
# }'''
#
# [tool.bench.worker]
# default = ["django-admin", "run_redis_tasks", "--continuous"]
# ///
"""django-tasks-redis, a backend of `django.tasks` on Redis streams."""

from __future__ import annotations

from benchmarks.standard.producing import enqueue, enqueue_at

__all__ = ["enqueue", "enqueue_at"]
