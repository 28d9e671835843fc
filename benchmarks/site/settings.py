"""The settings of a small site that follows the quickstart."""

from __future__ import annotations

import django

from django_jobs.conf import tasks_from_env

SECRET_KEY = "benchmarks"
USE_TZ = True
INSTALLED_APPS = ["django_jobs", "benchmarks.site"]
if django.VERSION < (6, 0):
    INSTALLED_APPS.append("django_tasks")
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TASKS = tasks_from_env()
