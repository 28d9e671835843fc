# /// script
# requires-python = ">=3.12"
# dependencies = [
#     "django-tasks-rq==0.12.0",
#     "django-tasks==0.12.0",
#     "django==6.1.3",
#     "django-rq==4.2.0",
#     "rq==3.0.0",
#     "redis[hiredis]==8.1.0",
# ]
#
# [tool.bench]
# title = "django-tasks-rq"
# configuration = "rq's SimpleWorker: one by one in its own process; no log line a job."
# loses = "No two jobs at a time; a job that crashes takes the worker along."
# measures = ["drain", "drain_async", "enqueue", "io", "start", "late", "crash"]
#
# [tool.bench.environment]
# DJANGO_SETTINGS_MODULE = "benchmarks.standard.settings"
# BENCH_SETTINGS = '''{
#     "INSTALLED_APPS": ["django_tasks", "django_rq", "django_tasks_rq"],
#     "RQ_QUEUES": {"default": {"URL": "{url}"}},
#     "TASKS": {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
# }'''
#
# [tool.bench.worker]
# default = [
#     "django-admin", "rqworker", "--job-class", "django_tasks_rq.Job",
#     "--worker-class", "rq.SimpleWorker", "-v", "0",
# ]
# late = [
#     "django-admin", "rqworker", "--job-class", "django_tasks_rq.Job",
#     "--worker-class", "rq.SimpleWorker", "-v", "0", "--with-scheduler",
# ]
# ///
"""django-tasks-rq, a backend of `django.tasks` on rq."""

from __future__ import annotations

from benchmarks.standard.producing import enqueue, enqueue_at

__all__ = ["enqueue", "enqueue_at"]
