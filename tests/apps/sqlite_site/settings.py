"""Settings of the site on SQLite; the test names the database's file and its options."""

from __future__ import annotations

import json
import os

import django

SECRET_KEY = "sqlite"
USE_TZ = True
INSTALLED_APPS = ["django_jobs", "tests.apps.sqlite_site"]
if django.VERSION < (6, 0):
    INSTALLED_APPS.append("django_tasks")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["SQLITE_FILE"],
        "OPTIONS": json.loads(os.environ["SQLITE_OPTIONS"]),
    }
}
TASKS = {
    "default": {
        "BACKEND": "django_jobs.backends.ThreadPoolBackend",
        "OPTIONS": {"concurrency": 2},
    }
}
