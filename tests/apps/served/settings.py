"""Settings of the served site; the tests tell it the rest by variables."""

from __future__ import annotations

import os
import sys

import django

from tests.support.quick_imports import without_opentelemetry

without_opentelemetry()
sys.path.insert(0, os.environ["SERVED_DIRECTORY"])

SECRET_KEY = "served"
DEBUG = bool(os.environ.get("SERVED_DEBUG"))
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["django_jobs", "tests.apps.served"]
if django.VERSION < (6, 0):
    INSTALLED_APPS.append("django_tasks")
ROOT_URLCONF = "tests.apps.served.urls"
DATABASES: dict[str, dict[str, str]] = {}
TASKS = {
    "default": {
        "BACKEND": "django_jobs.backends.ThreadPoolBackend",
        "OPTIONS": {
            "concurrency": 2,
            "shutdown_timeout": float(os.environ.get("SERVED_SHUTDOWN_TIMEOUT", "10")),
        },
    }
}
