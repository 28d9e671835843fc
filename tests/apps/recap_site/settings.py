"""The settings of the processes that tests of the recap start."""

from __future__ import annotations

import json
import os
from typing import Any

from django.core import mail

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [
    app
    for app in INSTALLED_APPS  # noqa: F405
    if app.startswith(("django.contrib.auth", "django.contrib.content", "django_"))
]
MIDDLEWARE = []
ROOT_URLCONF = "tests.apps.recap_site.urls"
DATABASES = {"default": json.loads(os.environ["RECAP_DATABASE"])}
OPTIONS: Any = {"url": os.environ["RECAP_REDIS"], "lease": 3}
TASKS = {
    "default": {
        "BACKEND": "django_jobs.backends.RedisBackend",
        "QUEUES": ["default", "mailers"],
        "OPTIONS": OPTIONS,
    }
}
_PORT = int(os.environ["RECAP_SMTP_PORT"])
_SMTP = "django.core.mail.backends.smtp.EmailBackend"
if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": _SMTP, "OPTIONS": {"host": "127.0.0.1", "port": _PORT}}}
else:
    EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _SMTP, "127.0.0.1", _PORT
