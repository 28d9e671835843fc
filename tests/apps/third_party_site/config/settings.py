"""A site as `startproject` makes it, with django_jobs as its only app."""

from __future__ import annotations

import django

from django_jobs.conf import tasks_from_env

SECRET_KEY = "a site of strangers"
USE_TZ = True
INSTALLED_APPS = ["django_jobs"]
if django.VERSION < (6, 0):
    INSTALLED_APPS.append("django_tasks")
ROOT_URLCONF = "config.urls"
TASKS = tasks_from_env()
