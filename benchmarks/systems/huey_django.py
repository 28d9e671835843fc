# /// script
# requires-python = ">=3.12"
# dependencies = ["huey==3.5.4", "django==6.1.3", "redis[hiredis]==8.1.0"]
#
# [tool.bench]
# title = "huey, as backend of django.tasks"
# configuration = "Blocking pops; one thread for no-ops, 25 for I/O; no log line a job."
# loses = "A job leaves Redis before it runs, so kill -9 loses it; schedules to the second."
# measures = ["drain", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.standard.settings"
# BENCH_SETTINGS = '''{
#     "INSTALLED_APPS": ["huey.contrib.djhuey"],
#     "HUEY": {"name": "bench", "immediate": false, "connection": {"url": "{url}"}},
#     "TASKS": {"default": {"BACKEND": "huey.contrib.djhuey.tasks_backend.HueyBackend"}}
# }'''
#
# [tool.bench.worker]
# default = ["django-admin", "run_huey", "--workers", "1", "--quiet"]
# io = ["django-admin", "run_huey", "--workers", "25", "--quiet"]
# ///
"""huey's backend of `django.tasks` on Redis."""

from __future__ import annotations

from benchmarks.standard.producing import enqueue, enqueue_at

__all__ = ["enqueue", "enqueue_at"]
