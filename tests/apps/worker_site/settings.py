"""The settings of the worker processes that these tests start."""

from __future__ import annotations

import importlib
import json
import os

from django.core import mail

from tests.settings import *  # noqa: F403

# Nothing of the example site: a worker process is to start fast.
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_jobs",
    "tests.apps.library",
]
if "WORKER_APP" in os.environ:
    INSTALLED_APPS.append(os.environ["WORKER_APP"])
MIDDLEWARE = []
ROOT_URLCONF = "tests.apps.worker_site.urls"
DEBUG = bool(os.environ.get("WORKER_DEBUG"))
QUEUES = ["critical", "default", "mailers", "low"]
TASKS = {
    "default": {
        "BACKEND": "django_jobs.backends.RedisBackend",
        "QUEUES": QUEUES,
        "OPTIONS": json.loads(os.environ.get("WORKER_OPTIONS", "{}")),
    },
    "threads": {"BACKEND": "django_jobs.backends.ThreadPoolBackend", "QUEUES": QUEUES},
}
for alias, options in json.loads(os.environ.get("WORKER_FURTHER", "{}")).items():
    TASKS[alias] = TASKS["default"] | {"OPTIONS": options}

LOGGING = json.loads(os.environ.get("WORKER_LOGGING", "{}"))
if "WORKER_MAILS" in os.environ:
    ADMINS = ["admin@example.com"]
    _BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    if hasattr(mail, "mailers"):
        MAILERS = {
            "default": {"BACKEND": _BACKEND, "OPTIONS": {"file_path": os.environ["WORKER_MAILS"]}}
        }
    else:
        EMAIL_BACKEND, EMAIL_FILE_PATH = _BACKEND, os.environ["WORKER_MAILS"]

if os.environ.get("WORKER_WATCHED"):
    __import__(os.environ["WORKER_WATCHED"])  # what the autoreloader is to watch

# How patient a parent is with its children: names in django_jobs.worker.process, with seconds.
for place, value in json.loads(os.environ.get("WORKER_PATIENCE", "{}")).items():
    module, _, name = place.partition(".")
    setattr(importlib.import_module(f"django_jobs.worker.process.{module}"), name, value)
