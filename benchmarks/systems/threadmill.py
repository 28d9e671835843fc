# /// script
# requires-python = ">=3.12"
# dependencies = ["threadmill==0.3.1", "django==6.1.3", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "threadmill"
# configuration = "One process; one thread for no-ops, 25 for I/O; no log line a job."
# loses = "A killed worker's jobs fail after an hour's lease and are not run again."
# measures = ["drain", "drain_async", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.standard.settings"
# BENCH_SETTINGS = '''{
#     "INSTALLED_APPS": ["threadmill"],
#     "TASKS": {
#         "default": {"BACKEND": "threadmill.backends.redis.RedisTaskBackend", "REDIS_URL": "{url}"}
#     }
# }'''
#
# [tool.bench.worker]
# default = ["django-admin", "threadmill", "worker", "--workers", "1", "--threads", "1"]
# io = ["django-admin", "threadmill", "worker", "--workers", "1", "--threads", "25"]
# ///
"""threadmill, a backend of `django.tasks` on Redis."""

from __future__ import annotations

from benchmarks.standard.producing import enqueue, enqueue_at

__all__ = ["enqueue", "enqueue_at"]
